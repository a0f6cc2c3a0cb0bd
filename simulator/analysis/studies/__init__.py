"""Study designs: data of a study become the change it reports, with its standard error; one file a design."""
