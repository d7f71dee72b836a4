"""From sales and plan to the frames engines see: covariates, gaps, closures, the input hash. Pure."""
