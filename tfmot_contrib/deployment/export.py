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

"""Exports a Keras model to TFLite, as float or as full int8."""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf, tf_keras

KINDS = ('float', 'int8')


def to_tflite(
    model: tf_keras.Model,
    kind: str = 'float',
    representative: np.ndarray | None = None,
) -> bytes:
  """Converts a model for batches of one image.

  Args:
    model: A plain functional model with one input and logits as output.
    kind: `float`, or `int8` for post-training quantization of weights,
      activations, inputs and outputs
      (https://www.tensorflow.org/lite/performance/post_training_quantization).
    representative: For `int8`: normalized images, float32 [n, h, w, c], of
      which the converter takes the ranges of activations.

  Returns:
    The contents of a `.tflite` file.

  Raises:
    ValueError: `kind` is unknown, or `int8` has no representative images.
  """
  if kind not in KINDS or (kind == 'int8' and representative is None):
    raise ValueError(
        f'kind is one of {KINDS}; int8 needs representative images'
    )
  shape = [1, *model.input_shape[1:]]
  signature = tf.function(
      lambda x: model(x, training=False),
      input_signature=[tf.TensorSpec(shape, tf.float32)],
  )
  with tempfile.TemporaryDirectory() as folder:
    saved_model = str(pathlib.Path(folder) / 'saved_model')
    tf.saved_model.save(model, saved_model, signature)
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    if kind == 'int8':
      converter.optimizations = [tf.lite.Optimize.DEFAULT]
      converter.representative_dataset = lambda: (
          [image[None]] for image in representative
      )
      converter.target_spec.supported_ops = [
          tf.lite.OpsSet.TFLITE_BUILTINS_INT8
      ]
      converter.inference_input_type = tf.int8
      converter.inference_output_type = tf.int8
    return converter.convert()
