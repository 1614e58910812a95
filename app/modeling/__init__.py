"""Use of model versions: training, evaluation, comparison, what-if, batch export of lists."""
