"""Model versions at work: training, evaluation, comparison, what-if, lists for all customers."""
