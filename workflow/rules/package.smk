# Provides the package calvingfront to the Snakefile and to every job, from the same source as this file.
#
# in a checkout         its folder src, whether the package is installed or not
# in a git repository   (module by github, gitlab or gitfile) src of the same commit, unpacked into Snakemake's cache
# elsewhere (a URL)     the installed package
import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.common import get_snakemake_searchpaths
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod
from snakemake.sourcecache import HostingProviderFile, LocalGitFile, LocalSourceFile


def unpack(repository, ref):
    """Return the folder src of a commit, unpacked once and named by the hash of its content."""
    tree = repository.commit(ref).tree / "src"
    folder = Path(workflow.sourcecache.cache_path) / "calvingfront" / tree.hexsha
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            archive, source = Path(scratch, "src.tar"), Path(scratch, "src")
            with archive.open("wb") as stream:
                repository.archive(stream, treeish=tree.hexsha)
            with tarfile.open(archive) as members:
                members.extractall(source, filter="data")
            try:
                source.rename(folder)
            except OSError:
                if not folder.exists():  # otherwise another process was faster
                    raise
    return folder


def find_package(here):
    """Return the folder that contains the package, or None if it must be installed; and its source, for pip."""
    if isinstance(here, LocalSourceFile):
        root = Path(here.get_path_or_uri(secret_free=True)).parents[1]
        return root / "src" if (root / "src").exists() else None, root.as_uri()
    if isinstance(here, LocalGitFile):
        import git

        repository = git.Repo(here.repo_path)
        address = f"file://localhost{Path(here.repo_path).resolve()}"
    elif isinstance(here, HostingProviderFile):
        here.fetch_if_required()
        repository = here.hosted_repo.repo
        address = f"https://{here.host}/{here.repo}"
    else:
        return None, "git+URL-OF-THE-REPOSITORY@TAG"
    return unpack(repository, here.ref), f"git+{address}@{here.ref}"


def put_first(folder):
    """Make this process and its jobs import the package from this folder, before any installed one."""
    # Snakemake starts jobs under conda without PYTHONPATH, but appends its own site-packages and sys.path to theirs.
    sys.path[:] = [folder, *(other for other in sys.path if other != folder)]
    others = [other for other in os.environ.get("PYTHONPATH", "").split(os.pathsep) if other]
    os.environ.update(PYTHONPATH=os.pathsep.join([folder, *(o for o in others if o != folder)]))
    installed = Path(get_snakemake_searchpaths()[0], "calvingfront")
    if (
        installed.exists()
        and DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    ):
        raise WorkflowError(
            f"Jobs under conda would import the package installed at {installed} instead of this workflow's own. "
            f"Remove it: {sys.executable} -m pip uninstall calvingfront"
        )


def provide_package(here):
    """Make the package importable, or say what to install."""
    # Snakemake writes this path into its commands as it is (Snakemake issue 2645).
    if "\\" not in sys.executable:
        sys.executable = re.sub(r"([^\w@%+=:,./-])", r"\\\1", sys.executable)
    folder, source = find_package(here)
    if folder:
        put_first(str(folder))
    try:
        import pandas

        import calvingfront.configuration.validation
    except ModuleNotFoundError as error:
        raise WorkflowError(
            f"The Python that runs Snakemake has no {error.name}. Install what this workflow needs there:\n"
            f'{sys.executable} -m pip install "calvingfront[workflow] @ {source}"'
        ) from None
    loaded = Path(calvingfront.__file__).parents[1]
    if folder and not loaded.samefile(folder):
        raise WorkflowError(
            f"This workflow needs calvingfront from {folder}, but it is already loaded from {loaded}. "
            "One run of Snakemake can use only one version: give all modules of this workflow the same tag."
        )


if isinstance(workflow.current_basedir, LocalGitFile):
    # Snakemake 9.27 can join these only with text and fails at the first rule with a script. Pull request 3668 fixed the
    # other kinds of source.
    LocalGitFile.join = lambda self, path, join=LocalGitFile.join: join(
        self, getattr(path, "path", path)
    )

provide_package(workflow.current_basedir)
