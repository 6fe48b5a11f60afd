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

"""What tells exported models apart: their scales, and how far kernels moved.

A fault may leave structure and accuracy as they are and still train something
else: ranges that move too fast, centroids without a gradient. So a model is
compared with others of its kind by the scales of its tensors, and by how far
the direction of its kernels is from where the training started.
"""

from typing import Mapping, Sequence

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

from tfmot_contrib.deployment import flatbuffer

_KERNELS = ('CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED')


def scales(model: bytes) -> dict[str, float]:
  """Returns the scales of a quantized model by what they are of.

  Args:
    model: The contents of a `.tflite` file.

  Returns:
    The geometric mean of the scales of all outputs of an operator
    (`scale_conv_2d_output`) and of its kernels (`scale_conv_2d_kernel`);
    nothing for float.

  Raises:
    errors.InputError: It is no TFLite model.
  """
  flatbuffer.operator_counts(model)  # Refuses what is none.
  parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
  found: dict[str, list[float]] = {}
  for graph in parsed.subgraphs:
    for operator in graph.operators:
      name = flatbuffer_utils.opcode_to_name(parsed, operator.opcodeIndex)
      parts = {'output': operator.outputs[0]}
      if name in _KERNELS:
        parts['kernel'] = operator.inputs[1]
      for part, index in parts.items():
        quantization = graph.tensors[index].quantization
        if quantization is None or quantization.scale is None:
          continue
        logs = np.log(np.maximum(quantization.scale, 1e-30))
        key = f'scale_{name}_{part}'.lower()
        found.setdefault(key, []).append(float(np.mean(logs)))
  return {
      key: float(np.exp(np.mean(logs))) for key, logs in sorted(found.items())
  }


def _directions(kernel: flatbuffer.Kernel) -> np.ndarray:
  """Returns the weights of each output channel, scaled to length 1."""
  rows = kernel.channels.astype(np.float64)
  length = np.linalg.norm(rows, axis=1, keepdims=True)
  return rows / np.maximum(length, 1e-30)


def moved(
    kernels: Sequence[flatbuffer.Kernel],
    layers: Sequence[str],
    start: Mapping[str, flatbuffer.Kernel],
) -> float:
  """Returns how far kernels are from those of another model.

  Scales differ for many reasons (batch normalization is folded into an output
  channel, and so is quantization); directions do not.

  Args:
    kernels: Of the model.
    layers: The names of their layers, in their order.
    start: By layer, the kernels of the other model; layers that are not in both
      are left out.

  Returns:
    The mean, over channels and then layers, of the distance of two vectors of
    length 1: 0 for the same direction, 1.41 for an unrelated one, 2 for the
    opposite.
  """
  distances = []
  for name, kernel in zip(layers, kernels, strict=True):
    if name not in start or start[name].values.shape != kernel.values.shape:
      continue
    difference = _directions(kernel) - _directions(start[name])
    distances.append(float(np.mean(np.linalg.norm(difference, axis=1))))
  return float(np.mean(distances)) if distances else 0.0
