"""What is measured, as ratios within one run; `make bench` prints it. No test is timed."""
