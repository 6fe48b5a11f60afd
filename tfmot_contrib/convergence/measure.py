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

"""Measures the exported models of a run, and so completes its record.

Bazel runs this as a build action between the run and its verdict: nothing is
trained again when something else is to be measured. Latency is compared with
the float baseline in this one process, in turns.

A drop is the smaller the noisier, so it is taken of the test set and of its
mirror images, which are as likely and in the training data too: what a seed
happens to win on the one it seldom wins on the other. `accuracy` is that of the
test set, `mirrored_accuracy` that of both.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
from typing import Sequence

import numpy as np

from tfmot_contrib import errors
from tfmot_contrib.convergence import quiet
from tfmot_contrib.convergence import record
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.deployment import ranges


def measure(
    folder: pathlib.Path, baseline: pathlib.Path, data_dir: str
) -> record.Record:
  """Returns the record of a run.

  Args:
    folder: Of the run.
    baseline: The folder of the float run that it is compared with, which may be
      the same.
    data_dir: What the provider of CIFAR-10 made.

  Returns:
    The record.

  Raises:
    errors.InputError: A folder is not that of a run.
  """
  run = record.read(folder / 'run.json', record.Run)
  split = run.params['task']['validation_data']['split']
  examples = cifar10_input.load(split, data_dir)
  compared = baseline / 'float.tflite'
  layers = json.loads((folder / 'layers.json').read_text(encoding='utf-8'))
  keras = np.load(folder / 'logits.npy')
  mirror = cifar10_input.normalize(examples.images[:, :, ::-1])
  exported = {}
  models = sorted(folder.glob('*.tflite'))
  if not models or not compared.is_file():
    raise errors.InputError(
        f'no exported model in {folder} or {baseline}: run its target again'
    )
  start = _kernels(baseline)
  for model in models:
    measured = benefit.measure(
        model.read_bytes(),
        examples,
        keras,
        compared.read_bytes(),
        layers[model.stem],
    )
    moved = ranges.moved(
        flatbuffer.kernels(model.read_bytes()), layers[model.stem], start
    )
    gap = abs(measured['accuracy'] - 100 * run.keras['accuracy'])
    said = benefit.logits(model.read_bytes(), mirror)
    mirrored = benefit.accuracy(said, examples.labels)
    exported[model.stem] = {
        **measured,
        'mirrored_accuracy': (measured['accuracy'] + mirrored) / 2,
        'keras_gap': round(gap, 4),
        'moved': round(moved, 6),
    }
  return record.Record(**dataclasses.asdict(run), exported=exported)


def _kernels(baseline: pathlib.Path) -> dict[str, flatbuffer.Kernel]:
  """Returns the kernels of a float run by the names of their layers."""
  layers = json.loads((baseline / 'layers.json').read_text(encoding='utf-8'))
  found = flatbuffer.kernels((baseline / 'float.tflite').read_bytes())
  return dict(zip(layers['float'], found, strict=True))


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Measures the run of the flags and writes its record."""
  parser = argparse.ArgumentParser(prog='measure', description=__doc__)
  parser.add_argument('--run', required=True, type=pathlib.Path)
  parser.add_argument(
      '--baseline', required=True, type=pathlib.Path, help='a float run'
  )
  parser.add_argument('--data_dir', required=True)
  parser.add_argument('--output', required=True, type=pathlib.Path)
  flags = parser.parse_args(argv)
  with quiet.quiet():
    result = measure(flags.run, flags.baseline, flags.data_dir)
  record.write(result, flags.output)


if __name__ == '__main__':
  main(sys.argv[1:])
