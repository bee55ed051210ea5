"""Products in the packaging of their agencies: archives, folders around folders."""
