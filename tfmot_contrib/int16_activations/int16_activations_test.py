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

"""Tests of int16_activations with the real converter and interpreter."""

import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import technique as technique_lib
from tfmot_contrib import technique_testing
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.int16_activations import int16_activations

_layers = tf_keras.layers
_KIND = int16_activations.KIND


def _model() -> tf_keras.Model:
  """Returns a small flat model."""
  inputs = tf_keras.Input([8, 8, 3])
  x = _layers.Conv2D(16, 3, use_bias=False, name='first')(inputs)
  x = _layers.ReLU()(_layers.BatchNormalization()(x))
  x = _layers.DepthwiseConv2D(3, name='depthwise')(x)
  x = _layers.GlobalAveragePooling2D()(x)
  return tf_keras.Model(inputs, _layers.Dense(10, name='logits')(x))


class Int16ActivationsTest(technique_testing.TechniqueTestCase):

  def test_exported_model(self):
    tf_keras.utils.set_random_seed(1)
    model = _model()
    images = technique_testing.images(32)
    images[0] *= 50  # Activations have a wide range.
    tflite, measured = self.check_exported(
        int16_activations.Int16ActivationsConfig(),
        model,
        images,
        {
            'covered': ['first', 'depthwise', 'logits'],
            'kernels_not_int8': 0,
            'outputs_not_int16': 0,
        },
    )
    self.assertGreaterEqual(measured['outputs'], 4)
    # What it is for: it is nearer to the float model than int8 alone.
    usual = images[1:]
    truth = model.predict(usual, verbose=0)
    int8 = export.to_tflite(model, 'int8', images)
    gap16, gap8 = (
        np.abs(benefit.logits(m, usual) - truth).max() for m in (tflite, int8)
    )
    self.assertLess(gap16, gap8 / 4)
    self.assertLess(abs(len(tflite) - len(int8)), 2000)

  def test_what_is_not_as_promised(self):
    technique = technique_lib.create(
        int16_activations.Int16ActivationsConfig()
    )
    technique._types = [
        int16_activations.schema.TensorType.INT16,
        int16_activations.schema.TensorType.FLOAT32,
    ]
    values = np.zeros([8, 1, 1, 4], np.float32)
    kernel = flatbuffer.Kernel('layer', 'CONV_2D', values)
    measured = technique.invariants({_KIND: [kernel]})
    self.assertEqual(measured['skipped'], ['layer'])
    self.assertEqual(measured['kernels_not_int8'], 1)
    self.assertEqual(measured['outputs_not_int16'], 1)

  def test_no_images(self):
    config = int16_activations.Int16ActivationsConfig(images=0)
    self.check_refused(config, _model(), 'images is 0: at least 1')


if __name__ == '__main__':
  tf.test.main()
