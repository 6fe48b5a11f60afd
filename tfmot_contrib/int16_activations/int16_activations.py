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

"""Post-training quantization with int16 activations and int8 weights.

https://www.tensorflow.org/lite/performance/post_training_integer_quant_16x8

The converter rounds weights to 8 bits and what flows between operators to 16.
The model is as small as with int8 alone, all of it is integers, and activations
whose range is wide lose 256 times less.
"""

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np
import tensorflow as tf, tf_keras
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from tfmot_contrib import errors
from tfmot_contrib import technique
from tfmot_contrib.deployment import flatbuffer

KIND = 'int16'
_OPERATORS = (
    tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
)


@dataclasses.dataclass
class Int16ActivationsConfig(technique.TechniqueConfig):
  """Config of the technique.

  Attributes:
    images: Of how many training images the converter takes the ranges.
  """

  images: int = 200


def _outputs(model: bytes) -> list[int]:
  """Returns the type of each output of each operator of a TFLite model."""
  parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
  return [
      graph.tensors[index].type
      for graph in parsed.subgraphs
      for operator in graph.operators
      for index in operator.outputs
  ]


@technique.register(Int16ActivationsConfig)
class Int16Activations(technique.Technique):
  """What the TFLite converter can do to any model."""

  kinds = (KIND,)

  def __init__(self, config: Int16ActivationsConfig):
    """See base class."""
    super().__init__(config)
    self._types: list[int] = []

  def apply(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model itself: there is nothing to train.

    Args:
      model: A flat functional model.

    Returns:
      The same.

    Raises:
      errors.InputError: There are no images to take ranges from.
    """
    if self.config.images < 1:
      raise errors.InputError(
          f'task.technique.images is {self.config.images}: at least 1'
      )
    return model

  def strip(self, model: tf_keras.Model) -> tf_keras.Model:
    """Returns the model itself."""
    return model

  def export(
      self, model: tf_keras.Model, kind: str, images: np.ndarray
  ) -> bytes:
    """Converts with 16 bits between operators, which no shared kind does.

    Args:
      model: What `strip` returned.
      kind: `KIND`.
      images: Representative ones, normalized, float32 [n, h, w, c].

    Returns:
      The contents of a `.tflite` file.
    """
    del kind
    signature = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec([1, *model.input_shape[1:]])],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [signature.get_concrete_function()], model
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [_OPERATORS]
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16
    converter.representative_dataset = lambda: (
        [image[None]] for image in images[: self.config.images]
    )
    exported = flatbuffer.compact(converter.convert())
    self._types = _outputs(exported)
    return exported

  def invariants(
      self, exported: Mapping[str, Sequence[flatbuffer.Kernel]]
  ) -> Mapping[str, Any]:
    """Measures how kernels and activations are stored.

    Args:
      exported: By kind, the kernels of the exported model.

    Returns:
      `covered` layers; `skipped`, whose kernels are not int8, and how many; the
      outputs of operators, and how many of them are not int16.
    """
    covered, skipped = [], []
    for kernel in {k.name: k for k in exported[KIND]}.values():
      stored = kernel.values.dtype == np.int8
      (covered if stored else skipped).append(kernel.name)
    wide = sum(t == schema.TensorType.INT16 for t in self._types)
    return {
        'covered': covered,
        'skipped': skipped,
        'kernels_not_int8': len(skipped),
        'outputs': len(self._types),
        'outputs_not_int16': len(self._types) - wide,
    }
