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

"""Reads an exported TFLite model: its kernels, operators and types.

What a technique promises is judged on this, the artifact that is deployed, and
not on masks or Keras layers that say what should be in it.
"""

from typing import Iterator, NamedTuple

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from tfmot_contrib import errors

_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT8: np.int8,
}
# By operator: the axis of the output channels in its kernel.
_CHANNEL_AXIS = {'CONV_2D': 0, 'DEPTHWISE_CONV_2D': 3, 'FULLY_CONNECTED': 0}
_INTEGER_TYPES = (
    schema.TensorType.INT8,
    schema.TensorType.INT16,
    schema.TensorType.INT32,
)


class Kernel(NamedTuple):
  """The weights of one operator.

  Attributes:
    name: Of the tensor.
    operator: `CONV_2D`, `DEPTHWISE_CONV_2D` or `FULLY_CONNECTED`.
    values: The weights as stored: float32, or int8 when quantized.
  """

  name: str
  operator: str
  values: np.ndarray

  @property
  def zeros(self) -> int:
    """How many weights are zero."""
    return int(self.values.size - np.count_nonzero(self.values))

  @property
  def distinct(self) -> int:
    """How many values the kernel has."""
    return int(np.unique(self.values).size)

  @property
  def distinct_per_channel(self) -> int:
    """How many values the output channel with the most of them has.

    The converter folds batch normalization into the kernel, a factor a channel,
    so this is what clustering leaves to see.
    """
    axis = _CHANNEL_AXIS[self.operator]
    channels = np.moveaxis(self.values, axis, 0)
    return max(int(np.unique(channel).size) for channel in channels)


def _operators(
    model: bytes,
) -> Iterator[tuple[str, schema.OperatorT, schema.SubGraphT, schema.ModelT]]:
  """Yields the name of each operator, itself, its subgraph and the model."""
  try:
    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
  except Exception as error:  # The generated reader fails in many ways.
    raise errors.InputError(
        f'not a TFLite model ({len(model)} bytes): {error}; export it again'
    ) from error
  for graph in parsed.subgraphs:
    for operator in graph.operators:
      code = parsed.operatorCodes[operator.opcodeIndex]
      yield flatbuffer_utils.opcode_to_name(parsed, operator.opcodeIndex) or (
          code.customCode.decode()
      ), operator, graph, parsed


def kernels(model: bytes) -> list[Kernel]:
  """Returns the kernels of a model, in the order of its operators.

  Args:
    model: The contents of a `.tflite` file.

  Returns:
    A `Kernel` for each convolution and dense layer.

  Raises:
    errors.InputError: It is no TFLite model, or a kernel has no known type.
  """
  found = []
  for name, operator, graph, parsed in _operators(model):
    if name not in _CHANNEL_AXIS:
      continue
    tensor = graph.tensors[operator.inputs[1]]
    label = tensor.name.decode()
    data = parsed.buffers[tensor.buffer].data
    if tensor.type not in _TYPES or data is None:
      raise errors.InputError(
          f'the kernel {label} is no float32 or int8 tensor'
      )
    values = np.frombuffer(bytes(data), _TYPES[tensor.type])
    found.append(Kernel(label, name, values.reshape(tensor.shape)))
  return found


def operator_counts(model: bytes) -> dict[str, dict[str, int]]:
  """Counts operators, in all and those that compute on integers alone.

  Args:
    model: The contents of a `.tflite` file.

  Returns:
    By operator name: `total`, and `integer`, those none of whose inputs and
    outputs is float.

  Raises:
    errors.InputError: It is no TFLite model.
  """
  counts: dict[str, dict[str, int]] = {}
  for name, operator, graph, _ in _operators(model):
    indices = [*operator.inputs, *operator.outputs]
    types = [graph.tensors[i].type for i in indices if i >= 0]
    count = counts.setdefault(name, {'total': 0, 'integer': 0})
    count['total'] += 1
    count['integer'] += all(t in _INTEGER_TYPES for t in types)
  return dict(sorted(counts.items()))
