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

"""Tests of clustering: TFMOT trains for real, the exported model is judged."""

from typing import Any, Sequence
from unittest import mock

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib import technique_testing
from tfmot_contrib.clustering import clustering
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels as kernels_lib

_STEPS = 4
_IMAGES = technique_testing.images()


def _model(sparsity: float = 0.0) -> tf_keras.Model:
  """Returns a flat model with each kind of kernel and biases.

  Args:
    sparsity: The share of zeros in each kernel, the depthwise one's too.

  Returns:
    The model. Its batch normalization scales, as a trained one's does.
  """
  tf_keras.utils.set_random_seed(1)
  layers = tf_keras.layers
  inputs = tf_keras.Input([8, 8, 3])
  x = layers.Conv2D(10, 3, use_bias=False, name='first')(inputs)
  x = layers.BatchNormalization(name='norm')(x)
  x = layers.ReLU()(x)
  x = layers.DepthwiseConv2D(3, padding='same', name='depthwise')(x)
  x = layers.Conv2D(7, 1, name='pointwise')(x)
  x = layers.GlobalAveragePooling2D()(x)
  model = tf_keras.Model(inputs, layers.Dense(5, name='logits')(x))
  random = np.random.default_rng(2)
  norm = model.get_layer('norm')
  norm.set_weights([random.uniform(0.5, 2, 10) for _ in norm.weights])
  for layer in model.layers:
    if layer.name in kernels_lib.by_channel(model):
      kernel = layer.weights[0]
      kernel.assign(kernel * (random.random(kernel.shape) >= sparsity))
  return model


def _train(model: tf_keras.Model, actions: Sequence[Any]) -> None:
  """Trains what the technique made."""
  optimizer = tf_keras.optimizers.Adam(1e-2)
  technique_testing.train(model, actions, _STEPS, optimizer)


def _technique(**options: Any) -> clustering.Clustering:
  """Returns the technique with a number of clusters that the model allows."""
  return clustering.Clustering(
      clustering.ClusteringConfig(**{'clusters': 6, **options})
  )


def _exported(
    technique: clustering.Clustering,
    model: tf_keras.Model,
    kinds: Sequence[str] = ('float',),
) -> dict[str, list[flatbuffer.Kernel]]:
  """Returns the named kernels of the stripped and exported model, by kind."""
  plain = technique.strip(model)
  return technique_testing.export(technique, plain, _IMAGES, kinds)[1]


def _trained(
    technique: clustering.Clustering,
    model: tf_keras.Model,
    kinds: Sequence[str] = ('float',),
) -> dict[str, list[flatbuffer.Kernel]]:
  """Returns what `_exported` does, after training."""
  clustered = technique.apply(model)
  _train(clustered, technique.train_actions(clustered))
  return _exported(technique, clustered, kinds)


class ClusteringTest(technique_testing.TechniqueTestCase):

  def test_is_registered(self):
    config = clustering.ClusteringConfig()
    self.assertIsInstance(technique_lib.create(config), clustering.Clustering)

  @parameterized.parameters(
      ({'clusters': 1}, 'clusters is 1: 2 or more'),
      ({'clusters': 2, 'preserve_sparsity': True}, 'clusters is 2: 3 or more'),
      ({'last_layers': -1}, 'last_layers is -1: 0'),
      ({'last_layers': 4}, 'last_layers is 4, but small has 3 layers'),
      ({'centroids_init': 'kmeans'}, 'is kmeans: linear, random, density_base'),
      ({'clusters': 270}, 'small has no layer that can be clustered into 270'),
      ({'preserve_sparsity': True}, 'small has no zeros: start from a pruned'),
  )
  def test_bad_config(self, options, pattern):
    model = _model()
    model._name = 'small'
    config = clustering.ClusteringConfig(**{'clusters': 6, **options})
    self.check_refused(config, model, pattern)

  @parameterized.parameters(
      ({}, ['first', 'pointwise', 'logits']),
      ({'last_layers': 2}, ['pointwise', 'logits']),
      ({'last_layers': 1}, ['logits']),
      ({'clusters': 34}, ['first', 'pointwise', 'logits']),
      ({'clusters': 35}, ['first', 'pointwise']),
      ({'clusters': 9, 'per_channel': True}, ['first', 'pointwise', 'logits']),
      ({'clusters': 10, 'per_channel': True}, ['first', 'logits']),
  )
  def test_wraps(self, options, names):
    technique = _technique(**options)
    model = technique.apply(_model())
    wrapped = [
        layer.layer.name
        for layer in model.layers
        if isinstance(layer, tf_keras.layers.Wrapper)
    ]
    with self.subTest('Layers'):
      self.assertEqual(wrapped, names)
    with self.subTest('Report'):
      layers = kernels_lib.by_channel(technique.strip(model))
      measured = technique.invariants({
          'float': [
              flatbuffer.Kernel(name, 'FULLY_CONNECTED', values)
              for name, values in layers.items()
          ]
      })
      self.assertCountEqual(measured['covered'], names)
      self.assertEqual(measured['layers_covered'], len(names))
      self.assertCountEqual(
          measured['covered'] + measured['skipped'],
          ['first', 'depthwise', 'pointwise', 'logits'],
      )

  @parameterized.parameters(
      {},
      {'centroids_init': 'linear'},
      {'centroids_init': 'random'},
      {'centroids_init': 'density_based'},
      {'per_channel': True},
      {'last_layers': 1},
  )
  def test_exported_model_has_the_promised_values(self, **options):
    technique = _technique(**options)
    exported = _trained(technique, _model(), technique.kinds)
    measured = technique.invariants(exported)
    self.assertEqual(measured['clusters_in_excess'], 0)
    self.assertEqual(measured['distinct_before_folding_in_excess'], 0)
    for kernels in exported.values():
      for kernel in kernels:
        values = kernel.distinct_per_channel
        if kernel.name in measured['covered']:
          self.assertBetween(values, 3, 6, kernel)
        else:
          self.assertGreater(values, 6, kernel)
    self.assertNotIn('zeros_lost', measured)

  def test_folding_hides_the_clusters_of_the_whole_kernel(self):
    technique = _technique()
    first, *_ = _trained(technique, _model())['float']
    self.assertGreater(first.distinct, 6)
    self.assertLessEqual(first.distinct_per_channel, 6)

  @parameterized.parameters(False, True)
  def test_per_channel(self, per_channel):
    technique = _technique(per_channel=per_channel)
    model = technique.apply(_model())
    _train(model, [])
    channels = kernels_lib.by_channel(technique.strip(model))
    self.assertEqual(np.unique(channels['first']).size > 6, per_channel)
    self.assertEqual(np.unique(channels['pointwise']).size > 6, per_channel)
    self.assertLessEqual(np.unique(channels['logits']).size, 6)

  @parameterized.parameters(False, True)
  def test_strip_counts_the_last_step(self, per_channel):
    technique = _technique(per_channel=per_channel)
    model = technique.apply(_model())
    before = [v.numpy() for v in model.trainable_variables]
    _train(model, technique.train_actions(model))
    for old, new in zip(before, model.trainable_variables):
      self.assertNotAllClose(old, new)
    wrapper = model.get_layer('cluster_first')
    weights = wrapper.original_weight_kernel.numpy()
    centroids = np.broadcast_to(wrapper.cluster_centroids['kernel'], [10, 6])
    expected = np.empty_like(weights)
    for channel, values in enumerate(centroids):
      distance = np.abs(weights[..., channel, None] - values)
      expected[..., channel] = values[distance.argmin(-1)]
    plain = technique.strip(model)
    self.assertAllEqual(plain.get_layer('first').kernel, expected)

  def test_strip_leaves_plain_keras_that_computes_the_same(self):
    technique = _technique()
    given = _model()
    model = technique.apply(given)
    _train(model, technique.train_actions(model))
    plain = technique.strip(model)
    self.assertEqual(
        [(layer.name, type(layer)) for layer in plain.layers],
        [(layer.name, type(layer)) for layer in given.layers],
    )
    next_model = _model()
    next_model.set_weights(plain.get_weights())
    self.assertAllClose(next_model(_IMAGES), model(_IMAGES), rtol=1e-5)
    self.assertAllEqual(next_model(_IMAGES), plain(_IMAGES))

  @parameterized.parameters(
      {},
      {'per_channel': True},
      {'last_layers': 1},
      # The channels of the second convolution have too few weights.
      {'per_channel': True, 'clusters': 12},
  )
  def test_preserves_sparsity(self, **options):
    technique = _technique(preserve_sparsity=True, **options)
    model = _model(sparsity=0.4)
    zeros = [
        int((kernel == 0).sum())
        for kernel in kernels_lib.by_channel(model).values()
    ]
    exported = _trained(technique, model)
    measured = technique.invariants(exported)
    self.assertEqual(measured['zeros_given'], sum(zeros))
    self.assertGreater(min(zeros), 5)
    self.assertEqual(measured['zeros_lost'], 0)
    self.assertEqual(measured['clusters_in_excess'], 0)
    self.assertEqual(measured['distinct_before_folding_in_excess'], 0)
    for kernel, given in zip(exported['float'], zeros, strict=True):
      self.assertBetween(kernel.zeros, given, kernel.values.size - 5)

  def test_zeros_of_other_layers_need_the_action(self):
    technique = _technique(preserve_sparsity=True, last_layers=1)
    model = technique.apply(_model(sparsity=0.4))
    actions = technique.train_actions(model)
    _train(model, [])
    wrong = technique.invariants(_exported(technique, model))
    self.assertGreater(wrong['zeros_lost'], 50)
    for action in actions:
      action({})
    right = technique.invariants(_exported(technique, model))
    self.assertEqual(right['zeros_lost'], 0)

  def test_without_preservation_zeros_are_lost(self):
    technique = _technique(centroids_init='linear')
    kernels = _trained(technique, _model(sparsity=0.4))['float']
    self.assertEqual([kernels[0].zeros, kernels[2].zeros], [0, 0])

  def test_invariants_see_what_is_wrong(self):
    technique = _technique(preserve_sparsity=True)
    model = technique.apply(_model(sparsity=0.4))
    exported = _exported(technique, model, technique.kinds)
    self.assertEqual(technique.invariants(exported)['zeros_lost'], 0)
    self.assertCountEqual(exported, ['float', 'int8'])
    first, *others = exported['int8']
    values = np.arange(1, 271, dtype=np.int16).reshape(first.values.shape)
    exported['int8'] = [first._replace(values=values), *others]
    measured = technique.invariants(exported)
    self.assertEqual(measured['clusters_in_excess'], 27 - 6)
    self.assertEqual(measured['distinct_before_folding_in_excess'], 0)
    zeros = np.count_nonzero(_model(0.4).get_layer('first').kernel == 0)
    self.assertEqual(measured['zeros_lost'], zeros)
    plain = _model()
    with mock.patch.object(
        tfmot.clustering.keras, 'strip_clustering', lambda model: plain
    ):
      technique.strip(model)
    self.assertEqual(
        technique.invariants(exported)['distinct_before_folding_in_excess'],
        270 - 6,
    )

  def test_kernel_that_two_operators_share(self):
    layers = tf_keras.layers
    inputs = tf_keras.Input([8, 8, 3])
    shared = layers.Conv2D(3, 3, padding='same', use_bias=False)
    x = layers.ReLU()(shared(inputs))
    x = layers.GlobalAveragePooling2D()(shared(x))
    technique = _technique()
    exported = _trained(technique, tf_keras.Model(inputs, layers.Dense(5)(x)))
    measured = technique.invariants(exported)
    self.assertEqual(measured['clusters_in_excess'], 0)
    self.assertLen(measured['covered'], 2)
    self.assertEmpty(measured['skipped'])

  def test_layer_that_tfmot_leaves_alone(self):
    with mock.patch.object(
        tfmot.clustering.keras, 'cluster_weights', lambda layer, *_, **__: layer
    ):
      with self.assertRaisesRegex(
          errors.InputError, 'TFMOT does not cluster the layer first'
      ):
        _technique().apply(_model())

  def test_more_clusters_than_weights_that_are_not_zero(self):
    model = _model()
    kernel = model.get_layer('logits').kernel
    kernel.assign(tf.where(tf.range(5) < 1, kernel, 0.0))
    technique = _technique(clusters=16, preserve_sparsity=True)
    with self.assertRaisesRegex(
        errors.InputError, 'TFMOT cannot make 16 clusters in .*; fewer may do'
    ):
      technique.apply(model)


if __name__ == '__main__':
  tf.test.main()
