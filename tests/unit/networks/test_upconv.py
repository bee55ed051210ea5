"""The transposed convolution against TensorFlow's definition, written as a plain scatter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from calvingfront.networks.blocks import UpConv

Array = npt.NDArray[np.float64]


def tensorflow_conv2d_transpose(x: Array, kernel: Array, bias: Array) -> Array:
    """Scatter every input pixel's kernel onto the output, padding 'same', stride 2.

    x (h, w, in), kernel (k, k, out, in), as TensorFlow orders them. The operation is the gradient
    of the 'same' convolution from (2h, 2w) to (h, w), which pads k − 2 in all, the smaller half
    first.
    """
    h, w, _ = x.shape
    k = kernel.shape[0]
    total = max((h - 1) * 2 + k - 2 * h, 0)
    before = total // 2
    out = np.zeros((2 * h, 2 * w, kernel.shape[2]))
    for i in range(h):
        for j in range(w):
            for a in range(k):
                for b in range(k):
                    row, col = 2 * i + a - before, 2 * j + b - before
                    if 0 <= row < 2 * h and 0 <= col < 2 * w:
                        out[row, col] += kernel[a, b] @ x[i, j]
    return out + bias


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 4), (5, 2)])
def test_upconv_equals_tensorflow_same(kernel: int, height: int, width: int) -> None:
    rng = np.random.default_rng([kernel, height])
    x = rng.normal(size=(height, width, 3))
    weights = rng.normal(size=(kernel, kernel, 2, 3))
    bias = rng.normal(size=2)
    layer = UpConv(3, 2, kernel).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights.transpose(3, 2, 0, 1).copy()))
        assert layer.bias is not None
        layer.bias.copy_(torch.from_numpy(bias))
        out = layer(torch.from_numpy(x.transpose(2, 0, 1).copy())[None])[0]
    expected = tensorflow_conv2d_transpose(x, weights, bias).transpose(2, 0, 1)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.numpy(), expected, atol=1e-12)


def test_one_pixel_lands_where_tensorflow_puts_it() -> None:
    """A single 1 under a 5×5 kernel of ones at (1, 1): rows and columns 1 … 5 of 8."""
    layer = UpConv(1, 1, 5)
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 1] = 1
    with torch.no_grad():
        layer.weight.fill_(1)
        assert layer.bias is not None
        layer.bias.zero_()
        out = layer(x)[0, 0]
    expected = torch.zeros(8, 8)
    expected[1:6, 1:6] = 1
    assert torch.equal(out, expected)
