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

r"""A run: trains one experiment with one seed and exports the result.

Bazel runs this as a build action (`tools/bazel/convergence.bzl`), so a run is
cached by its real inputs. It trains with the driver's own code and writes into
its folder

  run.json             what happened, and the technique's invariants
  model.keras          the model that was exported; another run starts from it
  KIND.tflite          the exported models
  layers.json          by kind, the names of the layers of their kernels
  health.json          what became of each variable while it trained
  logits.npy           what that model says of the first images of the test set
  train/               checkpoint, params.yaml and TensorBoard events
  log.txt              all that training and the converters printed

`measure.py` takes it from there and makes the record; the verdict
(`verdict.py`) reads that.
"""

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import os
import pathlib
import sys
import time
from typing import Any

from absl import app
from absl import flags
import numpy as np
import orbit
import tensorflow as tf
import tf_keras

from official.core import train_utils
from tfmot_contrib import errors
from tfmot_contrib import experiment
from tfmot_contrib.convergence import health
from tfmot_contrib.convergence import quiet
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import turns
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import kernels

_REPRESENTATIVE_IMAGES = 200
_LOGITS_IMAGES = 1000
_PACKAGES = (
    'tensorflow',
    'tf-keras',
    'tensorflow-model-optimization',
    'tf-model-optimization-nightly',
    'tf-nightly',
    'tf-keras-nightly',
    'numpy',
)

_EXPERIMENT = flags.DEFINE_string(
    'experiment', None, 'The registered experiment.', required=True
)
_MODULE = flags.DEFINE_string(
    'module', None, 'The Python module that registers it.', required=True
)
_CONFIG_FILE = flags.DEFINE_multi_string(
    'config_file', [], 'YAML files with overrides, in their order.'
)
_SEED = flags.DEFINE_integer('seed', 1, 'Of all that is random.')
_TIER = flags.DEFINE_enum('tier', 'cpu', record.TIERS, 'Names the effort.')
_CPUS = flags.DEFINE_integer(
    'cpus', 2, 'Threads of one operation; results depend on their number.'
)
_INIT_RUN = flags.DEFINE_string(
    'init_run', '', 'The folder of the run whose model starts this one.'
)
_DATA_DIR = flags.DEFINE_string(
    'data_dir', None, 'What the provider of CIFAR-10 made.', required=True
)
_FINGERPRINT = flags.DEFINE_string(
    'fingerprint',
    None,
    'The file that tells what the environment holds.',
    required=True,
)
_OUTPUT_DIR = flags.DEFINE_string(
    'output_dir', None, 'Where to leave the run.', required=True
)


def _parse() -> Any:
  """Returns the experiment with the data, seed and start of the flags."""
  data = {'input_path': _DATA_DIR.value}
  task = {
      'train_data': {**data, 'seed': _SEED.value},
      'validation_data': data,
  }
  if _INIT_RUN.value:
    task['init_model'] = f'{_INIT_RUN.value}/model.keras'
  return experiment.parse(
      train_utils.ParseConfigOptions(
          experiment=_EXPERIMENT.value,
          config_file=_CONFIG_FILE.value,
          params_override=json.dumps({'task': task}),
      )
  )


def _train(params: Any, model_dir: str) -> tuple[Any, Any, dict[str, Any]]:
  """Trains, if the experiment does.

  Args:
    params: The experiment.
    model_dir: For checkpoints and events.

  Returns:
    The model to export, its technique, and the parts of the record that tell
    of the training.
  """
  steps = params.trainer.train_steps
  start, cpu = time.monotonic(), time.process_time()
  observers = []

  def observe(trainer: orbit.StandardTrainer) -> orbit.Action:
    observers.append(health.Observer(trainer.model, trainer.global_step))
    return observers[0]

  model, metrics, task = experiment.train(
      params, 'train_and_eval' if steps else 'eval', model_dir, observe
  )
  seconds = time.monotonic() - start
  images = steps * params.task.train_data.global_batch_size
  training = {
      'steps': steps,
      'seconds': round(seconds, 1),
      'cpu_seconds': round(time.process_time() - cpu, 1),
      'images_per_second': round(images / seconds),
      'cpus': _CPUS.value,
      'onednn': int(os.environ.get('TF_ENABLE_ONEDNN_OPTS', '1') != '0'),
  }
  keras = {k: round(float(v), 6) for k, v in sorted(metrics.items())}
  model = task.result(model)
  tf_keras.mixed_precision.set_global_policy('float32')
  parts = {
      'training': training,
      'keras': keras,
      'health': {},
      'batches': {
          split: _batch_digest(task.build_inputs(data))
          for split, data in (
              ('train', params.task.train_data),
              ('validation', params.task.validation_data),
          )
      },
  }
  if observers:
    parts['health'] = observers[0].summary()
    text = json.dumps(observers[0].variables(), indent=1)
    path = pathlib.Path(_OUTPUT_DIR.value) / 'health.json'
    path.write_text(text + '\n', encoding='utf-8')
  return model, task.technique, parts


def _export(model: Any, technique: Any, images: Any) -> dict[str, Any]:
  """Writes the exported models and returns their kernels by kind."""
  layers = kernels.by_channel(model)
  exported = {}
  for kind in technique.kinds if technique else ('float',):
    if technique:
      tflite = technique.export(model, kind, images)
    else:
      tflite = export.to_tflite(model, kind, images)
    path = pathlib.Path(_OUTPUT_DIR.value) / f'{kind}.tflite'
    path.write_bytes(tflite)
    exported[kind] = flatbuffer.named(flatbuffer.kernels(tflite), layers)
  return exported


def _logits(model: Any, data: Any) -> np.ndarray:
  """Returns the logits of the first images of a split, [images, classes]."""
  images = cifar10_input.load(data.split, _DATA_DIR.value).images
  normalized = cifar10_input.normalize(images[:_LOGITS_IMAGES])
  return model.predict(normalized, batch_size=100, verbose=0)


def _batch_digest(batches: tf.data.Dataset) -> str:
  """Returns the sha256 of the next batch: of images, labels and their order."""
  sha = hashlib.sha256()
  for part in next(iter(batches)):
    sha.update(part.numpy().tobytes())
  return sha.hexdigest()


def _versions() -> dict[str, str]:
  """Returns the versions of what a run stands on, where it is installed."""
  found = {}
  for package in _PACKAGES:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
      found[package] = importlib.metadata.version(package)
  return found


def _digest(model: Any) -> str:
  """Returns the sha256 of a model's weights."""
  sha = hashlib.sha256()
  for weight in model.get_weights():
    sha.update(weight.tobytes())
  return sha.hexdigest()


def _lineage() -> list[str]:
  """Returns the digests of the runs that this one comes from."""
  if not _INIT_RUN.value:
    return []
  start = record.read(f'{_INIT_RUN.value}/run.json', record.Run)
  return [*start.lineage, start.weights]


def run() -> record.Run:
  """Trains and exports.

  Returns:
    What is in run.json in the folder of the flags.

  Raises:
    errors.InputError: The experiment, its data or its start is wrong.
  """
  output = pathlib.Path(_OUTPUT_DIR.value)
  lineage = _lineage()
  params = _parse()
  smoke = _TIER.value == 'smoke'
  with contextlib.nullcontext() if smoke else turns.turn(_CPUS.value):
    model, technique, trained = _train(params, str(output / 'train'))
  model.save(output / 'model.keras')
  calibration = cifar10_input.load(
      params.task.train_data.split, _DATA_DIR.value
  ).images[:_REPRESENTATIVE_IMAGES]
  np.save(output / 'logits.npy', _logits(model, params.task.validation_data))
  exported = _export(model, technique, cifar10_input.normalize(calibration))
  result = record.Run(
      experiment=_EXPERIMENT.value,
      tier=_TIER.value,
      seed=_SEED.value,
      params=_without_paths(params.as_dict()),
      environment=record.digest_of_file(_FINGERPRINT.value),
      versions=_versions(),
      data=record.digest_of_folder(_DATA_DIR.value),
      instruction_set=health.instruction_set(),
      weights=_digest(model),
      parameters=model.count_params(),
      lineage=lineage,
      invariants=dict(technique.invariants(exported)) if technique else {},
      **trained,
  )
  layers = {kind: [k.name for k in found] for kind, found in exported.items()}
  (output / 'layers.json').write_text(json.dumps(layers), encoding='utf-8')
  record.write(result, output / 'run.json')
  return result


def _without_paths(params: dict[str, Any]) -> dict[str, Any]:
  """Returns the config without what says where this machine keeps files."""
  for split in ('train_data', 'validation_data'):
    params['task'][split]['input_path'] = ''
  params['task']['init_checkpoint'] = params['task']['init_model'] = ''
  return params


@errors.exits_with_one_line
def main(_) -> None:
  """Makes the run of the flags and says what came out."""
  output = pathlib.Path(_OUTPUT_DIR.value)
  output.mkdir(parents=True, exist_ok=True)
  tf.config.threading.set_intra_op_parallelism_threads(_CPUS.value)
  with quiet.printing_to(output / 'log.txt'):
    importlib.import_module(_MODULE.value)
    result = run()
  print(
      f'{result.experiment} seed {result.seed}: {result.training["steps"]}'
      f' steps in {result.training["seconds"]:.0f} s, Keras top-1'
      f' {100 * result.keras["accuracy"]:.2f} %',
      file=sys.stderr,
  )


if __name__ == '__main__':
  app.run(main)
