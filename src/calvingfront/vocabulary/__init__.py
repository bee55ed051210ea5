"""The names that the configuration, the files and the tables share, each stated once.

Everything here is plain data: the Snakefile, the schema and the command line read it without
importing a numerical library. What a name stands for in code is given as "module:attribute" and
imported where it is needed.
"""
