"""The layer study: rank of f(WX) over random networks, against the ratio of input to output channels.

Source:
    Han, Yun, Heo and Yoo, Rethinking Channel Dimensions for Efficient Model Design, CVPR 2021 (arXiv 2007.00992 v3),
    section 3 and figure 1.
"""
