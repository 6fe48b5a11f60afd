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

"""Tests of flatten, on Official Models' own models with random weights."""

import functools

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from official.vision.modeling import classification_model
from official.vision.modeling.backbones import efficientnet
from official.vision.modeling.backbones import mobilenet
from official.vision.modeling.backbones import resnet
from official.vision.modeling.backbones import vit
from tfmot_contrib import errors
from tfmot_contrib.modeling import cifar_backbones
from tfmot_contrib.modeling import flatten

_SPECS = tf_keras.layers.InputSpec(shape=[None, 32, 32, 3])
_L2 = 1e-2

_mobilenet = functools.partial(mobilenet.MobileNet, input_specs=_SPECS)
_resnet = functools.partial(
    resnet.ResNet, input_specs=_SPECS, depth_multiplier=0.25
)
# By name: the official backbone. Width is cut where that changes no structure.
_BACKBONES = {
    'MobileNetV1': lambda: _mobilenet('MobileNetV1', filter_size_scale=0.25),
    'MobileNetV2': lambda: _mobilenet('MobileNetV2', filter_size_scale=0.5),
    'MobileNetV3Small': lambda: _mobilenet('MobileNetV3Small'),
    'MobileNetV3Large': lambda: _mobilenet('MobileNetV3Large'),
    'ResNet18': lambda: _resnet(
        18, kernel_regularizer=tf_keras.regularizers.L2(_L2)
    ),
    'ResNet50': lambda: _resnet(50),
    'ResNet50SqueezeExcitation': lambda: _resnet(
        50, stem_type='v1', se_ratio=0.25, resnetd_shortcut=True
    ),
    'EfficientNetB0': lambda: efficientnet.EfficientNet('b0', _SPECS),
    'EfficientNetB0SqueezeExcitation': lambda: efficientnet.EfficientNet(
        'b0', _SPECS, se_ratio=0.25, activation='swish'
    ),
    'CifarResNet8': lambda: cifar_backbones.CifarResNetBackbone(
        8, _SPECS, depth_multiplier=0.25
    ),
    'MobileNetV2Cifar': lambda: _mobilenet(
        'MobileNetV2Cifar', filter_size_scale=0.5
    ),
}


def _randomize(model: tf_keras.Model) -> None:
  """Gives each weight, moving statistics too, a value that matters."""
  random = np.random.default_rng(0)
  for weight in model.weights:
    values = random.normal(size=weight.shape)
    if 'kernel' in weight.name:
      values /= np.sqrt(np.prod(weight.shape[:-1]))
    elif 'gamma' in weight.name:
      values = 1 + 0.1 * values
    else:
      values *= 0.1
    weight.assign(values)
  # Logits of a deep network that was never trained hardly depend on the image.
  # They do with the statistics of a batch, which one pass puts in place.
  norms = [
      layer
      for layer in model._flatten_layers()  # pylint: disable=protected-access
      if isinstance(layer, tf_keras.layers.BatchNormalization)
  ]
  momentum = norms[0].momentum
  for norm in norms:
    norm.momentum = 0.0
  model(_images(), training=True)
  for norm in norms:
    norm.momentum = momentum


@functools.cache
def _official(name: str, policy: str = 'float32') -> tf_keras.Model:
  """Returns the official classifier on a backbone, random, built once."""
  tf_keras.mixed_precision.set_global_policy(policy)
  model = classification_model.ClassificationModel(
      backbone=_BACKBONES[name](), num_classes=10, input_specs=_SPECS
  )
  _randomize(model)
  tf_keras.mixed_precision.set_global_policy('float32')
  return model


def _images(count: int = 8) -> np.ndarray:
  random = np.random.default_rng(1)
  return random.normal(size=(count, 32, 32, 3)).astype(np.float32)


def _multiset(model: tf_keras.Model) -> list[tuple[tuple[int, ...], bytes]]:
  """Returns the shapes and bits of the weights, in an order of their own.

  Args:
    model: Any Keras model.

  Returns:
    Megabytes. Compare with `==`: an assertion on two of them would print both.
  """
  return sorted((w.shape, w.tobytes()) for w in model.get_weights())


class OfficialModelsTest(tf.test.TestCase, parameterized.TestCase):

  def assert_same_logits(self, model, flat, *, training: bool) -> None:
    """Asserts equal logits that differ between images and classes."""
    images = _images()
    expected = model(images, training=training).numpy()
    actual = flat(images, training=training).numpy()
    self.assertGreater(expected.std(axis=0).min(), 1e-2)
    self.assertGreater(expected.std(axis=1).min(), 1e-2)
    self.assertLessEqual(np.abs(expected - actual).max(), 1e-5)

  @parameterized.parameters(*_BACKBONES)
  def test_flat_model_is_the_same_function(self, name):
    model = _official(name)
    flat = flatten.flatten(model)
    with self.subTest('Weights'):
      self.assertTrue(_multiset(model) == _multiset(flat), 'other weights')
      self.assertEqual(
          len(model.trainable_weights), len(flat.trainable_weights)
      )
      self.assertAllClose(sum(model.losses), sum(flat.losses))
    with self.subTest('Inference'):
      self.assert_same_logits(model, flat, training=False)
    with self.subTest('Training'):
      before = _multiset(flat)
      self.assert_same_logits(model, flat, training=True)
      self.assertFalse(before == _multiset(flat), 'same statistics')
    with self.subTest('InferenceWithTheStatisticsOfTraining'):
      self.assert_same_logits(model, flat, training=False)
    with self.subTest('PlainLayers'):
      names = [layer.name for layer in flat.layers]
      self.assertLen(set(names), len(names))
      for layer in flat.layers:
        kind = type(layer)
        self.assertFalse(flatten.is_composite(layer), layer.name)
        self.assertStartsWith(kind.__module__, 'tf_keras.')
        self.assertIs(getattr(tf_keras.layers, kind.__name__, None), kind)

  def test_regularizer_is_kept(self):
    flat = flatten.flatten(_official('ResNet18'))
    kernels = [w for w in flat.trainable_weights if 'conv' in w.name]
    self.assertEqual(len(kernels), 21)  # assertLen would print them.
    expected = _L2 * sum(np.sum(kernel.numpy() ** 2) for kernel in kernels)
    self.assertAllClose(sum(flat.losses), expected, rtol=1e-4)

  def test_pruning_and_training_leave_the_original_alone(self):
    model = _official('MobileNetV2')
    weights, logits = _multiset(model), model(_images(), training=False)
    flat = flatten.flatten(model)
    with self.assertRaisesRegex(ValueError, 'with a supported layer'):
      tfmot.sparsity.keras.prune_low_magnitude(model)
    schedule = tfmot.sparsity.keras.ConstantSparsity(0.5, 0, frequency=1)
    pruned = tfmot.sparsity.keras.prune_low_magnitude(flat, schedule)
    loss = tf_keras.losses.SparseCategoricalCrossentropy(True)
    pruned.compile('sgd', loss, run_eagerly=True)
    pruned.fit(
        _images(),
        np.arange(8),
        batch_size=4,
        verbose=0,
        callbacks=[tfmot.sparsity.keras.UpdatePruningStep()],
    )
    stripped = tfmot.sparsity.keras.strip_pruning(pruned)
    shares = [
        np.mean(layer.kernel.numpy() == 0)
        for layer in stripped.layers
        if type(layer).__name__ == 'Conv2D'
    ]
    self.assertLen(shares, 35)
    self.assertAllClose(shares, [0.5] * 35, atol=0.01)
    self.assertFalse(weights == _multiset(stripped), 'was not trained')
    self.assertTrue(weights == _multiset(model), 'original was changed')
    self.assertAllEqual(logits, model(_images(), training=False))

  def test_flat_model_can_be_flattened_again(self):
    flat = flatten.flatten(_official('MobileNetV3Small'))
    again = flatten.flatten(flat)
    self.assertEqual(
        [type(layer) for layer in flat.layers],
        [type(layer) for layer in again.layers],
    )
    self.assertEmpty(
        {id(layer) for layer in flat.layers}
        & {id(layer) for layer in again.layers}
    )
    self.assert_same_logits(flat, again, training=False)


class PrecisionTest(tf.test.TestCase, parameterized.TestCase):

  def tearDown(self):
    super().tearDown()
    tf_keras.mixed_precision.set_global_policy('float32')

  @parameterized.product(
      name=['CifarResNet8', 'MobileNetV2', 'MobileNetV3Small'],
      policy=['float32', 'mixed_bfloat16'],
  )
  def test_float32_of_a_mixed_model(self, name, policy):
    plain = _official(name)
    model = _official(name, 'mixed_bfloat16')
    model.set_weights(plain.get_weights())
    self.assertEqual(model(_images()).dtype, tf.bfloat16)
    tf_keras.mixed_precision.set_global_policy(policy)
    flat = flatten.flatten(model, dtype='float32')
    self.assertTrue(_multiset(plain) == _multiset(flat), 'other weights')
    self.assertEqual(
        {(layer.compute_dtype, layer.dtype) for layer in flat.layers},
        {('float32', 'float32')},
    )
    logits = flat(_images(), training=False)
    self.assertEqual(logits.dtype, tf.float32)
    self.assertAllClose(
        logits, plain(_images(), training=False), rtol=0, atol=1e-5
    )

  @parameterized.parameters('float32', 'mixed_bfloat16')
  def test_default_keeps_the_policy_of_each_layer(self, policy):
    model = _official('CifarResNet8', 'mixed_bfloat16')
    tf_keras.mixed_precision.set_global_policy(policy)
    flat = flatten.flatten(model)
    logits = flat(_images(), training=False)
    self.assertEqual(logits.dtype, tf.bfloat16)
    self.assertAllEqual(logits, model(_images(), training=False))


@tf_keras.utils.register_keras_serializable('flatten_test')
class _Scaled(tf_keras.layers.Layer):
  """A composite with a weight of its own beside its sublayer."""

  def build(self, input_shape):
    self.scale = self.add_weight('scale', [])
    self.inner = tf_keras.layers.Conv2D(3, 1)
    super().build(input_shape)

  def call(self, inputs):
    return self.scale * self.inner(inputs)


class ErrorsTest(tf.test.TestCase):

  def test_operation_without_a_rule(self):
    model = classification_model.ClassificationModel(
        backbone=vit.VisionTransformer(
            mlp_dim=32,
            num_heads=2,
            num_layers=1,
            hidden_size=16,
            patch_size=16,
            input_specs=_SPECS,
        ),
        num_classes=10,
        input_specs=_SPECS,
    )
    with self.assertRaisesRegex(
        errors.InputError, r'cannot flatten the layer tf\.reshape.*tf\.reshape'
    ):
      flatten.flatten(model)

  def test_composite_with_weights_of_its_own(self):
    inputs = tf_keras.Input([32, 32, 3])
    model = tf_keras.Model(inputs, _Scaled(name='culprit')(inputs))
    with self.assertRaisesRegex(
        errors.InputError, 'the layer culprit .*weights of its own .*scale'
    ):
      flatten.flatten(model)

  def test_mean_over_channels(self):
    inputs = tf_keras.Input([32, 32, 3])
    model = tf_keras.Model(inputs, tf.reduce_mean(inputs, [3]))
    with self.assertRaisesRegex(
        errors.InputError, r'tf\.math\.reduce_mean.*a mean over axes'
    ):
      flatten.flatten(model)


if __name__ == '__main__':
  tf.test.main()
