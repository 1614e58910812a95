"""What all tests share."""

import os

# implicit warns about a threaded BLAS at import; set before anything imports numpy
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
