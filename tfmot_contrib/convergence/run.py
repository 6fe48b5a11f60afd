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

r"""A run: trains one experiment with one seed and leaves a run record.

Bazel runs this as a build action (`tools/bazel/convergence.bzl`), so a run is
cached by its real inputs. It trains with the driver's own code, exports the
model as float and int8 TFLite, measures both, and writes into its folder

  record.json          what happened and what was measured (`record.py`)
  float.tflite, int8.tflite
  train/               checkpoint, params.yaml and TensorBoard events
  log.txt              all that training and the converters printed

The verdict (`verdict.py`) reads the record; later runs start from `train/`.
"""

import contextlib
import fcntl
import importlib
import json
import os
import pathlib
import sys
import tempfile
import time
from typing import Iterator

from absl import app
from absl import flags
import tf_keras

from official.core import train_utils
from tfmot_contrib import errors
from tfmot_contrib import experiment
from tfmot_contrib.convergence import record
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import export
from tfmot_contrib.modeling import flatten

_REPRESENTATIVE_IMAGES = 200

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
_INIT_RUN = flags.DEFINE_string(
    'init_run', '', 'The folder of the run whose checkpoint starts this one.'
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


def _parse():
  """Returns the experiment with the data, seed and checkpoint of the flags."""
  data = {'input_path': _DATA_DIR.value}
  task = {
      'train_data': {**data, 'seed': _SEED.value},
      'validation_data': data,
  }
  if _INIT_RUN.value:
    task['init_checkpoint'] = os.path.join(_INIT_RUN.value, 'train')
  return experiment.parse(
      train_utils.ParseConfigOptions(
          experiment=_EXPERIMENT.value,
          config_file=_CONFIG_FILE.value,
          params_override=json.dumps({'task': task}),
      )
  )


def run() -> record.Record:
  """Trains, exports and measures.

  Returns:
    The record, which is also in the folder of the flags.

  Raises:
    errors.InputError: The experiment, its data or its start is wrong.
  """
  output = pathlib.Path(_OUTPUT_DIR.value)
  params = _parse()
  start, cpu = time.monotonic(), time.process_time()
  model, metrics, task = experiment.train(
      params, 'train_and_eval', str(output / 'train')
  )
  train_seconds = time.monotonic() - start
  cpu_seconds = time.process_time() - cpu
  # Exported straight after training: an evaluation could heal a wrong mask.
  technique = task.technique
  plain = technique.strip(model) if technique else model
  tf_keras.mixed_precision.set_global_policy('float32')
  plain = flatten.flatten(plain, dtype='float32')
  validation = params.task.validation_data
  train_split = params.task.train_data.split
  calibration = cifar10_input.load(train_split, _DATA_DIR.value)
  examples = cifar10_input.load(validation.split, _DATA_DIR.value)
  exported = {}
  for kind in export.KINDS:
    tflite = export.to_tflite(
        plain,
        kind,
        cifar10_input.normalize(calibration.images[:_REPRESENTATIVE_IMAGES]),
    )
    (output / f'{kind}.tflite').write_bytes(tflite)
    exported[kind] = benefit.measure(tflite, examples)
    if technique and kind == 'float':
      invariants = technique.invariants(benefit.flatbuffer.kernels(tflite))
  steps = params.trainer.train_steps
  result = record.Record(
      experiment=_EXPERIMENT.value,
      tier=_TIER.value,
      seed=_SEED.value,
      params=_without_paths(params.as_dict()),
      environment=record.digest_of_file(_FINGERPRINT.value),
      data=record.digest_of_folder(_DATA_DIR.value),
      init=(
          record.digest_of_file(f'{_INIT_RUN.value}/record.json')
          if _INIT_RUN.value
          else ''
      ),
      training={
          'steps': steps,
          'seconds': round(train_seconds, 1),
          'cpu_seconds': round(cpu_seconds, 1),
          'images_per_second': round(
              steps * params.task.train_data.global_batch_size / train_seconds
          ),
          'cpus': len(os.sched_getaffinity(0)),
      },
      keras={k: round(float(v), 6) for k, v in sorted(metrics.items())},
      exported=exported,
      invariants=dict(invariants) if technique else {},
  )
  record.write(result, output / 'record.json')
  return result


@contextlib.contextmanager
def _alone() -> Iterator[None]:
  """Lets one run at a time train on this machine.

  A training uses all cores. Bazel 4 takes an action for one core, whatever the
  rule declares, and would start as many at once as there are cores.
  """
  path = pathlib.Path(tempfile.gettempdir()) / 'tfmot_models.training.lock'
  with open(path, 'a', encoding='utf-8') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield


@contextlib.contextmanager
def _printing_to(path: pathlib.Path) -> Iterator[None]:
  """Sends what this process and its libraries print to a file."""
  saved = [os.dup(descriptor) for descriptor in (1, 2)]
  try:
    with open(path, 'w', encoding='utf-8') as log:
      for descriptor in (1, 2):
        os.dup2(log.fileno(), descriptor)
      yield
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor, copy in zip((1, 2), saved, strict=True):
      os.dup2(copy, descriptor)
      os.close(copy)


def _without_paths(params):
  """Returns the config without what says where this machine keeps files."""
  for split in ('train_data', 'validation_data'):
    params['task'][split]['input_path'] = ''
  params['task']['init_checkpoint'] = ''
  return params


@errors.exits_with_one_line
def main(_) -> None:
  """Makes the run of the flags and says what came out."""
  output = pathlib.Path(_OUTPUT_DIR.value)
  output.mkdir(parents=True, exist_ok=True)
  alone = contextlib.nullcontext() if _TIER.value == 'smoke' else _alone()
  with alone, _printing_to(output / 'log.txt'):
    importlib.import_module(_MODULE.value)
    result = run()
  print(
      f'{result.experiment} seed {result.seed}: '
      + ', '.join(
          f'{kind} {measured["accuracy"]:.2f} % '
          f'{measured["gzip_bytes"]:,} bytes zipped'
          for kind, measured in result.exported.items()
      ),
      file=sys.stderr,
  )


if __name__ == '__main__':
  app.run(main)
