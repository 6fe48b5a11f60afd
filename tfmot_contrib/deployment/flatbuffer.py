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

import functools
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from tfmot_contrib import errors

_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT4: np.int8,
}
# By operator: the axis of the output channels in its kernel.
_CHANNEL_AXIS = {'CONV_2D': 0, 'DEPTHWISE_CONV_2D': 3, 'FULLY_CONNECTED': 0}
_LEAST_LIKENESS = 0.5
_INTEGER_TYPES = (
    schema.TensorType.INT4,
    schema.TensorType.INT8,
    schema.TensorType.INT16,
    schema.TensorType.INT32,
)


class Kernel(NamedTuple):
  """The weights of one operator.

  Attributes:
    name: Of the tensor, or of the layer (see `named`).
    operator: `CONV_2D`, `DEPTHWISE_CONV_2D` or `FULLY_CONNECTED`.
    values: The weights as the operator takes them: int8, also for those of 4
      bits, or float32 whatever they are stored as. The output channels are the
      first axis, of a depthwise kernel the last.
    scales: How many scales a quantized kernel has: 1, or one a channel; 0 for
      float.
  """

  name: str
  operator: str
  values: np.ndarray
  scales: int = 0

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
    return max(int(np.unique(c).size) for c in self.channels)

  @property
  def channels(self) -> np.ndarray:
    """The weights by output channel, [channels, weights of one]."""
    axis = _CHANNEL_AXIS[self.operator]
    channels = np.moveaxis(self.values, axis, 0)
    return channels.reshape(len(channels), -1)


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


class _Computed:
  """Tensors that are no constants, as the real interpreter computes them."""

  def __init__(self, model: bytes):
    self._model = model

  @functools.cached_property
  def _interpreter(self) -> Any:
    """The interpreter, run once."""
    resolver = (
        tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter = tf.lite.Interpreter(
        model_content=self._model,
        experimental_op_resolver_type=resolver,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    interpreter.invoke()
    return interpreter

  def __getitem__(self, index: int) -> np.ndarray:
    return self._interpreter.get_tensor(index)


def _int4(data: bytes, size: int) -> np.ndarray:
  """Returns numbers of 4 bits, stored two a byte, the low half first."""
  pairs = np.frombuffer(data, np.int8)
  return np.stack([(pairs << 4).astype(np.int8) >> 4, pairs >> 4], -1).ravel()[
      :size
  ]


def kernels(model: bytes) -> list[Kernel]:
  """Returns the kernels of a model, in the order of its operators.

  Args:
    model: The contents of a `.tflite` file. Kernels that it stores in half
      precision or without their zeros are given as they are computed.

  Returns:
    A `Kernel` for each convolution and dense layer.

  Raises:
    errors.InputError: It is no TFLite model, or a kernel has no known type.
  """
  computed = _Computed(model)
  found = []
  for name, operator, graph, parsed in _operators(model):
    if name not in _CHANNEL_AXIS:
      continue
    index = operator.inputs[1]
    tensor = graph.tensors[index]
    label = tensor.name.decode()
    data = parsed.buffers[tensor.buffer].data
    if tensor.type not in _TYPES:
      raise errors.InputError(
          f'the kernel {label} is no float32, int8 or int4 tensor'
      )
    if data is None:
      values = computed[index]
    elif tensor.type == schema.TensorType.INT4:
      values = _int4(bytes(data), int(np.prod(tensor.shape)))
    else:
      values = np.frombuffer(bytes(data), _TYPES[tensor.type])
    quantization = tensor.quantization
    scale = quantization.scale if quantization else None
    scales = 0 if scale is None else len(scale)
    found.append(Kernel(label, name, values.reshape(tensor.shape), scales))
  return found


def _directions(rows: np.ndarray) -> np.ndarray:
  """Scales each row to length 1; the converter scaled it by something else."""
  rows = rows.astype(np.float32)
  length = np.linalg.norm(rows, axis=1, keepdims=True)
  return rows / np.maximum(length, 1e-30)


def _likeness(directions: np.ndarray, others: np.ndarray) -> float:
  """Returns 1 for rows of equal directions; rows of zeros say nothing."""
  used = np.any(directions, axis=1) | np.any(others, axis=1)
  if not used.any():
    return 1.0
  return float(np.mean(np.abs(np.sum(directions * others, axis=1))[used]))


def named(
    exported: Sequence[Kernel], layers: Mapping[str, np.ndarray]
) -> list[Kernel]:
  """Gives each kernel the name of the Keras layer that it was made from.

  The converter names constants after nothing that lasts, so the layer is found
  by its weights: batch normalization and quantization scale an output channel
  but leave its direction.

  Args:
    exported: The kernels of the exported model.
    layers: By layer name, the weights by output channel (see
      `modeling.kernels`).

  Returns:
    The same kernels with other names, in the same order.

  Raises:
    errors.InputError: A kernel is of no layer, or a layer has no kernel.
  """
  directions = {name: _directions(rows) for name, rows in layers.items()}
  by_tensor: dict[str, str] = {}
  result = []
  for kernel in exported:
    if kernel.name not in by_tensor:
      mine = _directions(kernel.channels)
      likeness = {
          name: _likeness(mine, other)
          for name, other in directions.items()
          if other.shape == mine.shape and name not in by_tensor.values()
      }
      best = max(likeness, key=likeness.get, default=None)
      if best is None or likeness[best] < _LEAST_LIKENESS:
        raise errors.InputError(
            f'the kernel {kernel.name} {kernel.values.shape} of the exported'
            ' model is that of no layer'
        )
      by_tensor[kernel.name] = best
    result.append(kernel._replace(name=by_tensor[kernel.name]))
  if missing := sorted(set(layers) - set(by_tensor.values())):
    raise errors.InputError(
        f'the exported model has no kernel of the layer {missing[0]}'
    )
  return result


class _SharingBuilder(flatbuffers.Builder):
  """Writes vectors that are equal once."""

  def __init__(self, size: int):
    super().__init__(size)
    self._written: dict[tuple[str, bytes], int] = {}

  def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802
    """See base class."""
    key = (x.dtype.str, x.tobytes())
    if key not in self._written:
      self._written[key] = super().CreateNumpyVector(x)
    return self._written[key]


def compact(model: bytes) -> bytes:
  """Returns the same model without what no interpreter needs.

  Vectors that are equal are stored once: the converter writes a zero point of 8
  bytes, always 0, for each channel of each kernel and bias. In a narrow model
  that is a seventh of the file. Tensors other than inputs and outputs are named
  by their index: the converter makes a name of all the operations that it
  fused, 100 characters and more.

  Args:
    model: The contents of a `.tflite` file.

  Returns:
    The contents of a smaller one, equal in all that it computes.
  """
  parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
  for graph in parsed.subgraphs:
    public = {*graph.inputs, *graph.outputs}
    for index, tensor in enumerate(graph.tensors):
      if index not in public:
        tensor.name = str(index)
  builder = _SharingBuilder(len(model))
  builder.Finish(parsed.Pack(builder), b'TFL3')
  return bytes(builder.Output())


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
