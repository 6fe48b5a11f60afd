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

"""The process of the numeric probe: computes with the models of one mirror.

`probe.py` starts it once for each mirror, with that mirror first on the path.
For every experiment it builds the task, the model and the optimizer as the
driver does (`tfmot_contrib/experiment.py`), computes on seeded random images,
and leaves EXPERIMENT.npz, or EXPERIMENT.error with one line. The weights of the
forward pass are drawn anew, since a fresh MobileNet answers nearly zero to
everything and would hide a change.
"""

import argparse
import importlib
import pathlib
import sys
from typing import Any, Sequence

import numpy as np
import tensorflow as tf, tf_keras

import official
from official.core import config_definitions as cfg
from official.core import exp_factory
from official.core import task_factory
from official.core import train_utils
from official.modeling import performance

SEED = 1
BATCH_SIZE = 8


def random_weights(shapes: Sequence[tuple[str, Sequence[int]]]) -> list[Any]:
  """Draws weights with which every layer matters.

  Args:
    shapes: The name and shape of each weight.

  Returns:
    Arrays of float32. Kernels keep the scale of what goes through them, scales
    are near 1, all else is small.
  """
  random = np.random.RandomState(SEED)
  drawn = []
  for name, shape in shapes:
    if len(shape) > 1:
      # The last axis is of the outputs; a depthwise kernel has one input.
      depthwise = 'depthwise' in name
      inputs = np.prod(shape[:2] if depthwise else shape[:-1])
      value = random.standard_normal(shape) * np.sqrt(2 / inputs)
    elif 'variance' in name or 'gamma' in name:
      value = random.uniform(0.5, 1.5, shape)
    else:
      value = random.standard_normal(shape) * 0.1
    drawn.append(np.asarray(value, np.float32))
  return drawn


def random_batch(params: cfg.ExperimentConfig) -> tuple[tf.Tensor, tf.Tensor]:
  """Draws a batch for an experiment of image classification.

  Args:
    params: The experiment.

  Returns:
    Images, float32 [BATCH_SIZE, height, width, channels], and labels, int32
    [BATCH_SIZE].

  Raises:
    NotImplementedError: It is an experiment of another kind.
  """
  model = params.task.model
  size = getattr(model, 'input_size', None)
  classes = getattr(model, 'num_classes', None)
  if not size or not classes:
    raise NotImplementedError('the probe knows no random inputs for this task')
  random = np.random.RandomState(SEED)
  images = random.standard_normal([BATCH_SIZE, *size]).astype(np.float32)
  labels = random.randint(classes, size=[BATCH_SIZE]).astype(np.int32)
  return tf.constant(images), tf.constant(labels)


def compute(experiment: str) -> dict[str, np.ndarray]:
  """Computes with the model of an experiment.

  Args:
    experiment: Its registered name.

  Returns:
    `logits` and `loss`; and for each weight its value when it was built
    (`initial_0000`, …) and after one step of training (`weights_0000`, …).

  Raises:
    RuntimeError: The step of training moved no weight.
  """
  tf_keras.backend.clear_session()
  tf_keras.utils.set_random_seed(SEED)
  params = exp_factory.get_exp_config(experiment)
  performance.set_mixed_precision_policy(
      params.runtime.mixed_precision_dtype or 'float32'
  )
  images, labels = random_batch(params)
  task = task_factory.get_task(params.task)
  model = task.build_model()
  optimizer = train_utils.create_optimizer(task, params)
  result = _named('initial', model)
  drawn = random_weights([(w.name, w.shape.as_list()) for w in model.weights])
  model.set_weights(drawn)
  _calibrate(model, images)
  outputs = tf.nest.flatten(model(images, training=False))
  result['logits'] = np.concatenate(
      [tf.cast(output, tf.float32).numpy().ravel() for output in outputs]
  )
  # A schedule that warms up begins with a rate of 0.
  optimizer.iterations.assign(params.trainer.train_steps // 4)
  before = [weight.numpy() for weight in model.trainable_weights]
  logs = task.train_step((images, labels), model, optimizer)
  result['loss'] = np.asarray(logs[task.loss], np.float32)
  result |= _named('weights', model)
  pairs = zip(before, model.trainable_weights, strict=True)
  if all(np.array_equal(old, new.numpy()) for old, new in pairs):
    raise RuntimeError('the step of training moved no weight')
  return result


def _calibrate(model: tf_keras.Model, images: tf.Tensor) -> None:
  """Gives each batch normalization the statistics of a batch.

  With statistics that were drawn, what goes through a deep model in inference
  would grow or vanish from layer to layer.

  Args:
    model: The model.
    images: The batch.
  """
  saved = []
  for layer in model.submodules:
    if hasattr(layer, 'moving_variance') and hasattr(layer, 'momentum'):
      saved.append((layer, layer.momentum))
      layer.momentum = 0.0
  model(images, training=True)
  for layer, momentum in saved:
    layer.momentum = momentum


def _named(prefix: str, model: tf_keras.Model) -> dict[str, np.ndarray]:
  """Returns the weights of a model by names that keep their order."""
  return {
      f'{prefix}_{index:04d}': value
      for index, value in enumerate(model.get_weights())
  }


def _import(module: str, broken: dict[str, Exception]) -> None:
  """Imports a module, or remembers why it cannot be imported."""
  try:
    importlib.import_module(module)
  except Exception as error:
    broken[module] = error
    raise


def main(argv: Sequence[str]) -> None:
  """Computes with the experiments of the command line, one after the other."""
  parser = argparse.ArgumentParser(prog='probe_worker', description=__doc__)
  parser.add_argument('--mirror', type=pathlib.Path, required=True)
  parser.add_argument('--output', type=pathlib.Path, required=True)
  parser.add_argument('experiments', nargs='+', metavar='MODULE:EXPERIMENT')
  options = parser.parse_args(argv)
  found = pathlib.Path(official.__file__).absolute()
  if not found.is_relative_to(options.mirror.absolute()):
    raise RuntimeError(f'official is imported from {found}')
  tf.config.experimental.enable_op_determinism()
  broken: dict[str, Exception] = {}
  for item in options.experiments:
    module, _, experiment = item.partition(':')
    print(experiment, flush=True)
    path = options.output / experiment
    try:
      if module in broken:
        # Another attempt would find what the first has registered.
        raise broken[module]
      _import(module, broken)
      result = compute(experiment)
    # Whatever upstream's new code raises is the result of the probe.
    except Exception as error:  # pylint: disable=broad-exception-caught
      lines = str(error).strip().splitlines() or ['']
      text = f'{type(error).__name__}: {lines[0]}'
      path.with_suffix('.error').write_text(text, encoding='utf-8')
      continue
    with open(path.with_suffix('.npz'), 'wb') as stream:
      np.savez(stream, **result)


if __name__ == '__main__':
  main(sys.argv[1:])
