"""The workbench: training, comparison, what-if, tests, and opening a study."""
