"""Settings for every test: one thread, no window, a working directory that nothing is left in."""

import os

# Before NumPy, PyTorch and Matplotlib load. One thread: results repeat, and parallel workers do not fight for cores.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "Agg"
