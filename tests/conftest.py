"""Settings for every test: one thread, no window, no test that fails for being slow on a busy machine."""

import os

import hypothesis

# Before NumPy, PyTorch and Matplotlib load. One thread: results repeat, and parallel workers do not fight for cores.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "Agg"

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")
