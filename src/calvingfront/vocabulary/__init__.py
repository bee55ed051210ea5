"""The names that the configuration, the files and the tables share, each defined once.

Everything here is plain data: the Snakefile, the schema and the command line read it without
importing a numerical library. The code behind a name is given as "module:attribute" and imported
only when it is needed.
"""
