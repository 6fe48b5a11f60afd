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

"""Tests of the rewriting for XNNPACK, on official models."""

import functools

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from official.vision.modeling import classification_model
from official.vision.modeling.backbones import mobilenet
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import xnnpack

_layers = tf_keras.layers
_POLICY = tfmot.sparsity.keras.PruneForLatencyOnXNNPack()


@functools.cache
def _official(model_id: str, side: int | None = 16):
  """Returns a flat official model with random weights and statistics."""
  specs = _layers.InputSpec(shape=[None, side, side, 3])
  if model_id == 'ResNet':
    backbone = cifar_backbones.CifarResNetBackbone(
        8, specs, depth_multiplier=0.25
    )
  else:
    backbone = mobilenet.MobileNet(
        model_id, filter_size_scale=0.25, input_specs=specs
    )
  model = flatten.flatten(
      classification_model.ClassificationModel(
          backbone, num_classes=10, input_specs=specs
      )
  )
  random = np.random.default_rng(0)
  for layer in model.layers:
    if isinstance(layer, _layers.BatchNormalization):
      layer.set_weights(
          [random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights]
      )
  return model


class RewriteTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      # The sizes from stride to stride: 32 16 8 4 2 1; 24 12 6 3 2.
      ('MobileNetV2', 32, (32, 32)),
      ('MobileNetV2Cifar', 24, (24, 24)),
      ('MobileNetV2', None, (23, 44)),
      ('MobileNetV2Cifar', None, (24, 17)),
  )
  def test_outputs_are_equal_and_the_policy_accepts(self, model_id, side, size):
    model = _official(model_id, side)
    with self.assertRaises(ValueError):
      _POLICY.ensure_model_supports_pruning(model)
    rewritten = xnnpack.rewrite(model)
    _POLICY.ensure_model_supports_pruning(rewritten)
    images = np.random.default_rng(1).normal(size=(4, *size, 3))
    for training in (False, True):
      expected = model(images, training=training).numpy()
      self.assertGreater(np.std(expected), 1e-3)
      self.assertAllClose(
          rewritten(images, training=training), expected, rtol=1e-3, atol=1e-4
      )
    names = {layer.name for layer in model.layers if layer.weights}
    self.assertContainsSubset(names, {layer.name for layer in rewritten.layers})
    self.assertEqual(rewritten.count_params(), model.count_params())

  def test_is_independent_of_the_model(self):
    model = _official('MobileNetV2Cifar')
    before = model.get_weights()
    rewritten = xnnpack.rewrite(model)
    for weight in rewritten.weights:
      weight.assign_add(tf.ones_like(weight))
    self.assertAllEqual(before[0], model.get_weights()[0])
    self.assertAllEqual(before[-1], model.get_weights()[-1])

  def test_can_be_saved_and_flattened(self):
    rewritten = xnnpack.rewrite(_official('MobileNetV2Cifar'))
    path = self.create_tempdir().full_path + '/model.keras'
    rewritten.save(path)
    loaded = flatten.flatten(tf_keras.models.load_model(path, compile=False))
    images = np.random.default_rng(1).normal(size=(4, 16, 16, 3))
    self.assertAllEqual(
        loaded(images, training=False), rewritten(images, training=False)
    )

  def test_model_that_cannot_be_turned_is_left_alone(self):
    inputs = tf_keras.Input([8, 8, 3])
    convolution = _layers.Conv2D(4, 3, 2, padding='same')(inputs)
    models = {
        'stride 2 of 1x1': _official('ResNet'),
        'where a pixel is matters': tf_keras.Model(
            inputs, _layers.Dense(3)(_layers.Flatten()(convolution))
        ),
        'the image is taken twice': tf_keras.Model(
            inputs,
            _layers.Add()([
                _layers.Conv2D(4, 3, padding='same')(inputs),
                _layers.Conv2D(4, 1, padding='same')(inputs),
            ]),
        ),
    }
    for name, model in models.items():
      with self.subTest(name):
        self.assertIs(xnnpack.rewrite(model), model)

  def test_reorder(self):
    image = tf.reshape(tf.range(1.0, 7.0), [1, 2, 3, 1])
    with self.subTest('Turned'):
      self.assertAllEqual(
          xnnpack.Reorder(2)(image)[0, :, :, 0], [[6, 5, 4], [3, 2, 1]]
      )
    with self.subTest('Rows 1 0 - 1, columns 1 0 2 1 - 2 of the turned'):
      self.assertAllEqual(
          xnnpack.Reorder(1)(image)[0, :, :, 0],
          [
              [2, 3, 1, 2, 0, 1],
              [5, 6, 4, 5, 0, 4],
              [0, 0, 0, 0, 0, 0],
              [2, 3, 1, 2, 0, 1],
          ],
      )


if __name__ == '__main__':
  tf.test.main()
