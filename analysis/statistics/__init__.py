"""Statistics shared by all packages: estimates with intervals, tests of difference, bootstrap. The one door to scipy.

`estimates` needs the standard library alone. The other modules import ``scipy`` itself, which takes milliseconds and
loads ``scipy.special`` and ``scipy.stats`` on first use: a command without statistics starts without them. Quantiles
and probabilities come from ``scipy.special``, on which ``scipy.stats`` builds and which loads four times as fast.
"""
