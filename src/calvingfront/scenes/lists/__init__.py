"""Tables that users give beside the scenes: the published split, the sizes of shrunk copies."""
