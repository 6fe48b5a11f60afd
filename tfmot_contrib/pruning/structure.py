# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Counts the zeros of exported kernels in the structure that TFMOT gives them.

A kernel is a matrix whose columns are its input channels, as TFLite stores it:
[output channels x height x width, input channels]. Tiles cut it up from the
start of each row and column; those at the end may be smaller.
"""

from typing import Iterable, NamedTuple, Sequence

import numpy as np

from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.pruning import pruning_config


class Zeros(NamedTuple):
  """What a kernel shows of what was asked for.

  Attributes:
    violations: How many tiles break the structure.
    missing: How many tiles (of 1x1: weights) should be zero and are not.
    in_excess: How many are zero, or have too many zeros, and should not.
  """

  violations: int
  missing: int
  in_excess: int


def _tiles(
    kernel: flatbuffer.Kernel, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
  """Returns the non-zeros and the size of each tile."""

  def total(values: np.ndarray) -> np.ndarray:
    for axis, step in enumerate((height, width)):
      starts = range(0, values.shape[axis], step)
      values = np.add.reduceat(values, list(starts), axis=axis)
    return values

  matrix = kernel.values.reshape(-1, kernel.values.shape[-1])
  nonzero = (matrix != 0).astype(np.int64)
  return total(nonzero), total(np.ones_like(nonzero))


def m_by_n(kernel: flatbuffer.Kernel, zeros: int, group: int) -> Zeros:
  """Judges a kernel with some zeros in each group of input channels.

  Args:
    kernel: An exported one.
    zeros: How many of each group must be zero. TFMOT fills a last group that is
      too short with zeros of its own, which count.
    group: How many neighbours make one.

  Returns:
    Groups with too few zeros, as violations and missing, and with too many.
  """
  nonzero, sizes = _tiles(kernel, 1, group)
  few = int(np.sum(nonzero > group - zeros))
  many = int(np.sum(nonzero < np.minimum(sizes, group - zeros)))
  return Zeros(few, few, many)


def blocks(
    kernel: flatbuffer.Kernel, size: Sequence[int], sparsity: float
) -> Zeros:
  """Judges a kernel in which a share of the blocks is zero.

  Args:
    kernel: An exported one.
    size: Of a block: input channels, output channels; [1, 1] for single
      weights.
    sparsity: The share.

  Returns:
    Blocks that are neither zero nor full, and zero ones against their number.
  """
  nonzero, sizes = _tiles(kernel, size[1], size[0])
  # TFMOT computes in single precision and leaves at least one.
  share = np.float32(1) - np.float32(sparsity)
  kept = max(int(np.round(np.float32(nonzero.size) * share)), 1)
  excess = int(np.sum(nonzero == 0)) - (nonzero.size - kept)
  broken = int(np.sum((nonzero > 0) & (nonzero < sizes)))
  return Zeros(broken, max(-excess, 0), max(excess, 0))


def judge(
    kernel: flatbuffer.Kernel, config: pruning_config.PruningConfig
) -> Zeros:
  """Judges a kernel by the config that it was pruned with."""
  if config.sparsity_m_by_n:
    return m_by_n(kernel, *config.sparsity_m_by_n)
  return blocks(kernel, config.block_size, config.final_sparsity)


def sparsity(kernels: Iterable[flatbuffer.Kernel]) -> float:
  """Returns the share of zeros of some kernels together."""
  kernels = list(kernels)
  return sum(k.zeros for k in kernels) / sum(k.values.size for k in kernels)
