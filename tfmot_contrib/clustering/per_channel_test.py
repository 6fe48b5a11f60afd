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

"""Tests that per-channel clustering trains to what TFMOT's own does."""

import itertools
from typing import Any

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot
from tensorflow_model_optimization.python.core.clustering.keras import (
    cluster_wrapper,
)

from tfmot_contrib.clustering import per_channel

_CLUSTERS = 5
_INIT = tfmot.clustering.keras.CentroidInitialization


def _of_tfmot(layer: Any, *args: Any, **kwargs: Any) -> Any:
  """Returns TFMOT's own layer."""
  return cluster_wrapper.ClusterWeights(
      layer, *args, cluster_per_channel=True, **kwargs
  )


def _trained(
    cluster: Any,
    kernel: np.ndarray,
    *args: Any,
    use_bias: bool = False,
    **kwargs: Any,
) -> np.ndarray:
  """Trains a convolution for a few steps.

  Args:
    cluster: Makes the clustered layer: `ClusterChannels` or TFMOT's.
    kernel: The weights to begin with.
    *args: For `cluster`.
    use_bias: Of the convolution.
    **kwargs: For `cluster`.

  Returns:
    The kernel after stripping.
  """
  tf_keras.utils.set_random_seed(1)
  images = tf.random.normal([4, 6, 6, kernel.shape[2]])
  inputs = tf_keras.Input(images.shape[1:])
  layer = tf_keras.layers.Conv2D(
      kernel.shape[3], kernel.shape[:2], use_bias=use_bias
  )
  layer.build(images.shape)
  layer.kernel.assign(kernel)
  model = tf_keras.Model(
      inputs, cluster(layer, _CLUSTERS, *args, **kwargs)(inputs)
  )
  optimizer = tf_keras.optimizers.Adam(1e-2)
  optimizer.build(model.trainable_variables)

  @tf.function
  def step() -> None:
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean((model(images, training=True) - 1) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

  for _ in range(3):
    step()
  plain = tfmot.clustering.keras.strip_clustering(model)
  return plain.layers[-1].kernel.numpy()


def _kernel(sparsity: float, channels: int = 4) -> np.ndarray:
  """Returns a 3x3 kernel, with the share of zeros of a pruned one."""
  random = np.random.default_rng(0)
  kernel = random.normal(size=[3, 3, 4, channels])
  return kernel * (random.random(kernel.shape) >= sparsity)


class ClusterChannelsTest(tf.test.TestCase, parameterized.TestCase):

  @parameterized.parameters(
      *itertools.product(
          _INIT, (False, True), cluster_wrapper.GradientAggregation
      )
  )
  def test_equals_tfmot(self, init, preserve, aggregation):
    kernel = _kernel(sparsity=0.4 if preserve else 0.0)
    mine, theirs = (
        _trained(
            cluster,
            kernel,
            init,
            preserve,
            use_bias=True,
            cluster_gradient_aggregation=aggregation,
        )
        for cluster in (per_channel.ClusterChannels, _of_tfmot)
    )
    self.assertAllClose(mine, theirs, rtol=0, atol=1e-6)
    for channel in np.moveaxis(mine, -1, 0):
      self.assertBetween(np.unique(channel).size, 3, _CLUSTERS)
      if preserve:
        self.assertIn(0, channel)

  @parameterized.parameters(0.0, 0.4)
  def test_equals_tfmot_without_bias(self, sparsity):
    mine, theirs = (
        _trained(
            cluster,
            _kernel(sparsity),
            _INIT.KMEANS_PLUS_PLUS,
            preserve_sparsity=sparsity > 0,
        )
        for cluster in (per_channel.ClusterChannels, _of_tfmot)
    )
    self.assertAllClose(mine, theirs, rtol=0, atol=1e-6)

  def test_gradient_aggregation_matters(self):
    # What makes the comparison above one of two different things.
    results = [
        _trained(
            per_channel.ClusterChannels,
            _kernel(0.0),
            _INIT.LINEAR,
            cluster_gradient_aggregation=aggregation,
        )
        for aggregation in cluster_wrapper.GradientAggregation
    ]
    self.assertNotAllClose(*results, rtol=0, atol=1e-6)

  @parameterized.parameters(_INIT)
  def test_channels_with_few_values(self, init):
    kernel = np.zeros([3, 3, 4, 3])
    kernel[0, 0, :2, 1] = [0.25, -0.5]
    kernel[..., 2] = _kernel(0.9)[..., 0]
    trained = _trained(
        per_channel.ClusterChannels, kernel, init, preserve_sparsity=True
    )
    self.assertAllEqual(trained[..., 0], kernel[..., 0])
    self.assertAllEqual(trained[kernel == 0], kernel[kernel == 0])
    self.assertLen(np.unique(trained[..., 1]), 3)

  def test_initial_centroids(self):
    centroids = per_channel.initial_centroids(
        [np.float32([3, 1, 1]), np.float32([-1, 0, 7, 4])],
        3,
        _INIT.LINEAR,
        preserve_sparsity=False,
    )
    self.assertAllEqual(centroids, [[1, 3, 3], [-1, 3, 7]])
    centroids = per_channel.initial_centroids(
        [np.float32([3, 1, 1]), np.float32([-1, 2, 7, 4])],
        4,
        _INIT.LINEAR,
        preserve_sparsity=True,
    )
    self.assertAllEqual(centroids, [[0, 1, 3, 3], [-1, 0, 2, 7]])

  def test_operations_are_as_many_for_any_channels(self):
    counts = []
    for channels in (2, 64):
      inputs = tf_keras.Input([6, 6, 4])
      layer = tf_keras.layers.Conv2D(channels, 3, use_bias=False)
      clustered = per_channel.ClusterChannels(
          layer, _CLUSTERS, _INIT.LINEAR, preserve_sparsity=True
      )
      model = tf_keras.Model(inputs, clustered(inputs))
      graph = tf.function(model).get_concrete_function(
          tf.TensorSpec([1, 6, 6, 4])
      )
      counts.append(len(graph.graph.get_operations()))
    self.assertEqual(*counts)


if __name__ == '__main__':
  tf.test.main()
