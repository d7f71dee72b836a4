"""Turn sales and plan into the inputs of the engines: covariates, days ahead, input hashes. Pure."""
