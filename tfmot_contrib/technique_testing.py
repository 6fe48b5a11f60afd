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

"""What the tests of all techniques do: train a little, export, look at it."""

from typing import Any, Mapping, Sequence

from absl.testing import parameterized
import numpy as np
import tensorflow as tf, tf_keras

from tfmot_contrib import errors
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels

CLASSES = 5


def images(count: int = 16) -> np.ndarray:
  """Returns as many images of 8 by 8 by 3, the same each time."""
  random = np.random.default_rng(0)
  return random.normal(size=(count, 8, 8, 3)).astype(np.float32)


def train(
    model: tf_keras.Model,
    actions: Sequence[Any],
    steps: int,
    optimizer: tf_keras.optimizers.Optimizer,
) -> None:
  """Trains as the official trainer does: a loop in a tf.function, then actions.

  Args:
    model: What the technique made.
    actions: Called with the output of the loop.
    steps: Of training.
    optimizer: A new one.
  """
  inputs = tf.constant(images())
  random = np.random.default_rng(0)
  labels = tf.constant(random.integers(0, CLASSES, len(inputs)))
  loss_of = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)

  @tf.function
  def loop() -> tf.Tensor:
    loss = tf.constant(0.0)
    for _ in tf.range(steps):
      with tf.GradientTape() as tape:
        loss = loss_of(labels, model(inputs, training=True))
        loss += sum(model.losses, 0.0)
      gradients = tape.gradient(loss, model.trainable_variables)
      optimizer.apply_gradients(
          (gradient, variable)
          for gradient, variable in zip(
              gradients, model.trainable_variables, strict=True
          )
          if gradient is not None
      )
    return loss

  optimizer.build(model.trainable_variables)
  output = {'loss': loop()}
  for action in actions:
    action(output)


def export(
    technique: technique_lib.Technique,
    model: tf_keras.Model,
    inputs: np.ndarray | None = None,
    kinds: Sequence[str] = (),
) -> tuple[dict[str, bytes], dict[str, list[flatbuffer.Kernel]]]:
  """Exports a model as a run does.

  Args:
    technique: The technique.
    model: What it stripped.
    inputs: Images to calibrate with.
    kinds: Of the files; by default the technique's own.

  Returns:
    By kind, the file and its kernels, named by their layers.
  """
  inputs = images() if inputs is None else inputs
  layers = kernels.by_channel(model)
  exported = {
      kind: technique.export(model, kind, inputs)
      for kind in kinds or technique.kinds
  }
  named = {
      kind: flatbuffer.named(flatbuffer.kernels(content), layers)
      for kind, content in exported.items()
  }
  return exported, named


class TechniqueTestCase(tf.test.TestCase, parameterized.TestCase):
  """Has the usual tests of a technique, each a line for the test of one."""

  def check_exported(
      self,
      config: technique_lib.TechniqueConfig,
      model: tf_keras.Model,
      inputs: np.ndarray,
      expected: Mapping[str, Any],
  ) -> tuple[bytes, dict[str, Any]]:
    """Checks the exported file of a technique without training.

    Args:
      config: Of the technique, which has to be registered and of one kind.
      model: A flat model.
      inputs: Images to calibrate with.
      expected: What the invariants have to be, by name.

    Returns:
      The file, and all invariants.
    """
    technique = technique_lib.create(config)
    plain = technique.strip(technique.apply(model))
    exported, named = export(technique, plain, inputs)
    self.assertLen(exported, 1)
    measured = technique.invariants(named)
    for name, value in expected.items():
      self.assertEqual(measured[name], value, name)
    return next(iter(exported.values())), measured

  def check_refused(
      self,
      config: technique_lib.TechniqueConfig,
      model: tf_keras.Model,
      message: str,
  ) -> None:
    """Checks that a technique refuses a config, or the model with it.

    Args:
      config: Of the technique.
      model: What it is applied to.
      message: A regular expression for what it says, in one line.
    """
    with self.assertRaisesRegex(errors.InputError, message) as caught:
      technique_lib.create(config).apply(model)
    self.assertNotIn('\n', str(caught.exception))

  def check_integer(self, exported: bytes) -> None:
    """Checks that each operator of a file computes with integers."""
    for name, count in flatbuffer.operator_counts(exported).items():
      self.assertEqual(count['integer'], count['total'], name)
