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

"""Tests of kernels, against the exported model and TFMOT's wrappers."""

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels

# By layer: output channels, and weights of one.
_SHAPES = {
    'conv': (4, 3 * 3 * 3),
    'depthwise': (8, 3 * 3),
    'pointwise': (5, 8),
    'dense': (10, 5),
}


def _model() -> tf_keras.Model:
  """Returns a model with a kernel of each type, and layers without one."""
  layers = tf_keras.layers
  return tf_keras.Sequential([
      layers.InputLayer([8, 8, 3]),
      layers.Conv2D(4, 3, name='conv'),
      layers.ReLU(),
      layers.DepthwiseConv2D(3, depth_multiplier=2, name='depthwise'),
      layers.Conv2D(5, 1, use_bias=False, name='pointwise'),
      layers.GlobalAveragePooling2D(),
      layers.Dense(10, name='dense'),
  ])


def _pruned(model: tf_keras.Model) -> tf_keras.Model:
  return tfmot.sparsity.keras.prune_low_magnitude(model)


def _clustered(model: tf_keras.Model) -> tf_keras.Model:
  init = tfmot.clustering.keras.CentroidInitialization.LINEAR
  return tfmot.clustering.keras.cluster_weights(model, 4, init)


class KernelsTest(tf.test.TestCase, parameterized.TestCase):

  def test_shapes(self):
    found = kernels.by_channel(_model())
    self.assertEqual({k: v.shape for k, v in found.items()}, _SHAPES)

  def test_order_is_that_of_the_exported_model(self):
    model = _model()
    layers = kernels.by_channel(model)
    exported = flatbuffer.kernels(export.to_tflite(model))
    named = flatbuffer.named(exported, layers)
    self.assertEqual([k.name for k in named], list(_SHAPES))
    for kernel in named:
      self.assertAllEqual(kernel.channels, layers[kernel.name])

  @parameterized.named_parameters(
      ('pruned', _pruned),
      ('clustered', _clustered),
      ('quantized', tfmot.quantization.keras.quantize_model),
      (
          'quantized_pruned',
          lambda model: tfmot.quantization.keras.quantize_model(
              tfmot.sparsity.keras.strip_pruning(_pruned(model))
          ),
      ),
  )
  def test_wrapped_layers(self, wrap):
    model = _model()
    model(np.zeros([1, 8, 8, 3], np.float32))
    plain = kernels.by_channel(model)
    wrapped = wrap(model)
    self.assertTrue(
        any(kernels.unwrapped(layer) is not layer for layer in wrapped.layers)
    )
    found = kernels.by_channel(wrapped)
    self.assertEqual(list(found), list(plain))
    for name, values in plain.items():
      self.assertAllEqual(found[name], values)

  def test_names_that_are_taken_twice(self):
    first, second = (
        tf_keras.Sequential(
            [tf_keras.layers.Conv2D(4, 3, name='conv')], name=name
        )
        for name in ('first', 'second')
    )
    model = tf_keras.Sequential([first, second])
    model.build([None, 8, 8, 3])
    with self.assertRaisesRegex(ValueError, 'two layers .*conv.*flatten'):
      kernels.by_channel(model)

  def test_unwrapped(self):
    layer = tf_keras.layers.Dense(3)
    twice = tf_keras.layers.TimeDistributed(
        tf_keras.layers.TimeDistributed(layer)
    )
    self.assertIs(kernels.unwrapped(twice), layer)
    self.assertIs(kernels.unwrapped(layer), layer)


if __name__ == '__main__':
  tf.test.main()
