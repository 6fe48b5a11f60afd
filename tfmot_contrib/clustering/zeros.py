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

"""The zeros of a model that a later technique must not lose."""

from typing import Any, Mapping, Sequence

import numpy as np
import orbit
import tf_keras

from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels as kernels_lib


class GivenZeros:
  """Remembers where the kernels of a model are zero.

  Attributes:
    count: How many weights are zero.
  """

  def __init__(self, model: tf_keras.Model):
    """Initializes them from a flat, plain model."""
    self._by_layer = {
        name: channels == 0
        for name, channels in kernels_lib.by_channel(model).items()
    }
    self.count = sum(int(zeros.sum()) for zeros in self._by_layer.values())

  def action(self, model: tf_keras.Model) -> orbit.Action:
    """Returns what keeps the zeros of the layers that TFMOT left alone.

    Args:
      model: The model that trains, with the weights it was given. Layers that
        TFMOT wrapped keep their zeros themselves.

    Returns:
      An action for the end of each loop of training.
    """
    kernels = [x.weights[0] for x in model.layers if x.name in self._by_layer]
    kept = [kernel.numpy() != 0 for kernel in kernels]

    def keep(output: Any) -> None:
      del output
      for kernel, mask in zip(kernels, kept, strict=True):
        kernel.assign(kernel * mask)

    return keep

  def lost(self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]) -> int:
    """Counts the zeros that are none any more.

    Args:
      exported: By kind, the kernels of the exported model.

    Returns:
      How many there are in the kind with the most of them.
    """
    return max(
        sum(
            int(np.count_nonzero(kernel.channels[self._by_layer[kernel.name]]))
            for kernel in kernels
        )
        for kernels in exported.values()
    )
