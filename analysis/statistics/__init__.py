"""Statistics shared by all packages: estimates with intervals, tests of difference, bootstrap. The one door to scipy.

`estimates` needs the standard library alone. The other modules import scipy when one of their functions is first
called, so that a command without statistics starts without scipy.
"""
