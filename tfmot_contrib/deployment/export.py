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

"""Exports a Keras model to TFLite, in each of the ways that are deployed."""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib.deployment import flatbuffer


def _float(converter: tf.lite.TFLiteConverter) -> None:
  """Nothing is optimized."""
  del converter


def _dynamic_range(converter: tf.lite.TFLiteConverter) -> None:
  """Weights are int8, activations are quantized while it runs."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _float16(converter: tf.lite.TFLiteConverter) -> None:
  """Weights are stored in half precision."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.target_spec.supported_types = [tf.float16]


def _sparse(converter: tf.lite.TFLiteConverter) -> None:
  """Pruned kernels are stored without their zeros."""
  converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]


def _int8(converter: tf.lite.TFLiteConverter) -> None:
  """Weights, activations, inputs and outputs are int8."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
  converter.inference_input_type = tf.int8
  converter.inference_output_type = tf.int8


def _qat_int8(converter: tf.lite.TFLiteConverter) -> None:
  """As `int8`, with the ranges that quantization-aware training learned."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.inference_input_type = tf.int8
  converter.inference_output_type = tf.int8


_KINDS = {
    'float': _float,
    'dynamic_range': _dynamic_range,
    'float16': _float16,
    'int8': _int8,
    'qat_int8': _qat_int8,
    'sparse': _sparse,
}
KINDS = tuple(_KINDS)


def to_tflite(
    model: tf_keras.Model,
    kind: str = 'float',
    images: np.ndarray | None = None,
) -> bytes:
  """Converts a model for batches of one image.

  Args:
    model: A functional model with one input and logits as output.
    kind: One of `KINDS`. `dynamic_range`, `float16` and `int8` are
      post-training quantization
      (https://www.tensorflow.org/lite/performance/post_training_quantization),
      `qat_int8` takes a model that TFMOT has made quantization-aware, `sparse`
      one that is pruned.
    images: For `int8`: representative ones, normalized, float32 [n, h, w, c],
      of which the converter takes the ranges of activations.

  Returns:
    The contents of a `.tflite` file.

  Raises:
    ValueError: `kind` is unknown, or `int8` has no images.
  """
  if kind not in _KINDS or (kind == 'int8' and images is None):
    raise ValueError(f'{kind} is none of {KINDS}, or int8 without images')
  shape = [1, *model.input_shape[1:]]
  signature = tf.function(
      lambda x: model(x, training=False),
      input_signature=[tf.TensorSpec(shape, tf.float32)],
  )
  with tempfile.TemporaryDirectory() as folder:
    saved_model = str(pathlib.Path(folder) / 'saved_model')
    # Not the Keras model, each layer of which would be traced several times.
    module = tf.Module()
    module.model_variables = model.variables
    module.serve = signature
    tf.saved_model.save(module, saved_model, signature)
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    _KINDS[kind](converter)
    if kind == 'int8':
      converter.representative_dataset = lambda: (
          [image[None]] for image in images
      )
    return flatbuffer.compact(converter.convert())
