# SPDX-License-Identifier: Apache-2.0
"""Detail synthesis of pictures: what a camera a few times closer might see, consistent with the coarse
picture.
"""
