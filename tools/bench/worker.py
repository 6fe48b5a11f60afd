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

"""A process of the training benchmark: one experiment, ours or stock.

The driver (`training.py`) starts it and sends a command a line, as JSON, over a
pipe: `{"do": "train", "seconds": 20}`. It answers with a line of JSON. A
process of its own for each variant is needed because determinism and the
precision policy hold for a whole process.
"""

import argparse
import json
import os
import pathlib
import sys
import time
from typing import Any, Callable, TextIO

import tensorflow as tf, tf_keras

from official.common import distribute_utils
from official.core import base_trainer
from official.core import config_definitions as cfg
from official.core import exp_factory
from official.core import task_factory
from official.core import train_utils
from official.modeling import performance
from official.vision.configs import image_classification
from tfmot_contrib import errors
from tfmot_contrib.baselines import experiments  # pylint: disable=unused-import
from tfmot_contrib.data import cifar10_input

_MATMUL_SIZE = 2048
# Training steps, or batches, between two looks at the clock.
_STEPS = 20
_SHARDS = 10
# A training step computes the outputs, and the gradients of the weights and of
# the inputs, each with as many operations.
_TRAINING_PASSES = 3
_RECORDS = 'train-*.tfrecord'


def write_records(
    examples: cifar10_input.Examples, folder: pathlib.Path
) -> None:
  """Writes what upstream's classification decoder reads.

  Args:
    examples: The images, which are encoded as JPEG, and their labels.
    folder: Where to write; one that holds the files already is left alone.
  """
  if list(folder.glob(_RECORDS)):
    return
  for shard in range(_SHARDS):
    path = folder / f'train-{shard:02d}.tfrecord'
    with tf.io.TFRecordWriter(str(path)) as writer:
      for image, label in zip(
          examples.images[shard::_SHARDS],
          examples.labels[shard::_SHARDS],
          strict=True,
      ):
        jpeg = tf.io.encode_jpeg(image, quality=95).numpy()
        feature = {
            'image/encoded': tf.train.Feature(
                bytes_list=tf.train.BytesList(value=[jpeg])
            ),
            'image/class/label': tf.train.Feature(
                int64_list=tf.train.Int64List(value=[int(label)])
            ),
        }
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        writer.write(example.SerializeToString())


def ours(model: str, data_dir: str) -> cfg.ExperimentConfig:
  """Returns an experiment of this project as it is registered.

  Args:
    model: The name of the experiment.
    data_dir: What the provider of CIFAR-10 made.

  Returns:
    The experiment.
  """
  params = exp_factory.get_exp_config(model)
  params.task.train_data.input_path = data_dir
  return params


def stock(model: str, records: pathlib.Path) -> cfg.ExperimentConfig:
  """Returns the same experiment with Official Models' own task and defaults.

  Args:
    model: The name of our experiment.
    records: The folder with what `write_records` wrote.

  Returns:
    The experiment: our model, loss, batch size, optimizer and strategy.
  """
  params = exp_factory.get_exp_config(model)
  return cfg.ExperimentConfig(
      runtime=cfg.RuntimeConfig(
          distribution_strategy=params.runtime.distribution_strategy
      ),
      task=image_classification.ImageClassificationTask(
          model=params.task.model,
          losses=params.task.losses,
          train_data=image_classification.DataConfig(
              input_path=str(records / _RECORDS),
              global_batch_size=params.task.train_data.global_batch_size,
          ),
      ),
      trainer=params.trainer,
  )


def training_flops(model: tf_keras.Model) -> int:
  """Returns the floating-point operations of training on one image."""
  return _TRAINING_PASSES * train_utils.try_count_flops(model)


def matmul_gflops(dtype: str, seconds: float) -> dict[str, float]:
  """Measures the roofline: a large matrix multiplication on all cores.

  Args:
    dtype: Of the matrices.
    seconds: How long to measure, at least.

  Returns:
    The speed as `gflops`.
  """
  shape = [_MATMUL_SIZE, _MATMUL_SIZE]
  x = tf.cast(tf.random.stateless_normal(shape, [1, 2]), dtype)
  multiply = tf.function(lambda a: tf.reduce_sum(tf.matmul(a, a)))
  multiply(x).numpy()
  count, start = 0, time.perf_counter()
  while (elapsed := time.perf_counter() - start) < seconds:
    multiply(x).numpy()
    count += 1
  return {'gflops': count * 2 * _MATMUL_SIZE**3 / elapsed / 1e9}


class Variant:
  """An experiment that is built once and timed in rounds.

  Attributes:
    params: The experiment.
    trainer: Official Models' own trainer of it.
  """

  def __init__(self, params: cfg.ExperimentConfig, deterministic: bool):
    """Builds the experiment as `tfmot_contrib.experiment.train` does.

    Args:
      params: The experiment.
      deterministic: Whether to seed it and to ask for deterministic operations.
    """
    if deterministic:
      tf_keras.utils.set_random_seed(params.task.train_data.seed or 0)
      tf.config.experimental.enable_op_determinism()
    if params.runtime.mixed_precision_dtype:
      performance.set_mixed_precision_policy(
          params.runtime.mixed_precision_dtype
      )
    self.params = params
    strategy = distribute_utils.get_distribution_strategy(
        distribution_strategy=params.runtime.distribution_strategy
    )
    with strategy.scope():
      self._task = task_factory.get_task(params.task)
      self.trainer: base_trainer.Trainer = train_utils.create_trainer(
          params, self._task, train=True, evaluate=False
      )

  def describe(self) -> dict[str, Any]:
    """Returns what is built: precision, batch size, weights, FLOPs."""
    model = self.trainer.model
    return {
        'precision': self.params.runtime.mixed_precision_dtype or 'float32',
        'batch_size': self.params.task.train_data.global_batch_size,
        'weights': model.count_params(),
        'training_flops_per_image': training_flops(model),
    }

  def _rate(self, step: Callable[[], int], seconds: float) -> dict[str, float]:
    """Returns the speed of a step that tells its number of batches."""
    step()
    batches, cpu, start = 0, time.process_time(), time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
      batches += step()
    images = batches * self.params.task.train_data.global_batch_size
    cpu = time.process_time() - cpu
    return {
        'images_per_second': images / elapsed,
        'cpu_ms_per_image': 1000 * cpu / images,
    }

  def train(self, seconds: float) -> dict[str, float]:
    """Trains for a while, after a warm-up.

    Args:
      seconds: How long to measure, at least.

    Returns:
      The speed, and the last loss.
    """
    logs = {}
    count = tf.constant(_STEPS)

    def step() -> int:
      logs.update(self.trainer.train(count))
      return _STEPS

    return self._rate(step, seconds) | {'loss': float(logs['training_loss'])}

  def read(self, seconds: float) -> dict[str, float]:
    """Iterates over the training data without training.

    Args:
      seconds: How long to measure, at least.

    Returns:
      The speed.
    """
    batches = iter(self._task.build_inputs(self.params.task.train_data))

    def step() -> int:
      for _ in range(_STEPS):
        next(batches)
      return _STEPS

    return self._rate(step, seconds)


@errors.exits_with_one_line
def _serve(flags: argparse.Namespace, output: TextIO) -> None:
  """Answers commands until the pipe is closed."""

  def answer(**what: Any) -> None:
    print(json.dumps(what), file=output, flush=True)

  records = pathlib.Path(flags.records)
  examples = cifar10_input.load('train', flags.data_dir)
  if flags.variant == 'stock':
    write_records(examples, records)
    variant = Variant(stock(flags.model, records), deterministic=False)
  else:
    variant = Variant(ours(flags.model, flags.data_dir), deterministic=True)
  answer(**variant.describe())
  commands = {
      'train': variant.train,
      'read': variant.read,
      'matmul': matmul_gflops,
  }
  for line in sys.stdin:
    command = json.loads(line)
    answer(**commands[command.pop('do')](**command))


def main() -> None:
  """Serves the driver."""
  parser = argparse.ArgumentParser(prog='worker', description=__doc__)
  parser.add_argument('--variant', choices=('ours', 'stock'), required=True)
  for name in ('--model', '--data_dir', '--records'):
    # An empty --data_dir stands for what Bazel made.
    parser.add_argument(name, required=True)
  # What libraries print must not mix with the answers.
  output = os.fdopen(os.dup(1), 'w', encoding='utf-8')
  os.dup2(2, 1)
  _serve(parser.parse_args(), output)


if __name__ == '__main__':
  main()
