"""What is learnt from the past: pure; beside the solver the only place where floats may stand."""
