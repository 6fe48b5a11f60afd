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

r"""Measures training speed against stock Official Models, in one run.

  bazel run //tools/bench:training -- --seconds=20 --rounds=3

ours   Our float experiment as it is registered: our task, our input pipeline
       in memory, its precision policy, a seed and deterministic operations.
stock  Official Models' ImageClassificationTask and its input pipeline, with
       their defaults: TFRecord files of JPEG images (quality 95, written once
       from the same CIFAR-10), random crop, mirror, float32, no determinism.

Both have the same model, loss, batch size, optimizer, schedule and strategy,
and are stepped by Official Models' own Trainer, 20 steps a call. Each is a
process of its own; they take turns, ours and stock, round after round, and only
one works at a time. Numbers are medians over the rounds, with the range.

The roofline is a 2048x2048 tf.matmul on all cores, in the precision of the
variant, measured in every round, the fastest of all. Training costs 3 times the
FLOPs of the forward kernels. "CPU ms" is the processor time of an image; "input
alone" iterates over the data without training, and "headroom" divides by
training.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.bench import report

MODELS = ('resnet_cifar10', 'mobilenet_v2_cifar10')
# Of the time of a round.
_INPUT_SHARE = 0.25
_MATMUL_SHARE = 0.1


def progress(text: str) -> None:
  """Tells on standard error how far the benchmark is."""
  print(f'bench: {text}', file=sys.stderr, flush=True)


def parse_flags(argv: Sequence[str]) -> argparse.Namespace:
  """Returns the flags.

  Args:
    argv: The command line without the program.

  Returns:
    The values.

  Raises:
    errors.InputError: One is wrong.
  """
  parser = argparse.ArgumentParser(
      prog='training',
      description=__doc__,
      allow_abbrev=False,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
      '--seconds',
      type=float,
      default=20.0,
      help='how long a round trains, at least (20)',
  )
  parser.add_argument(
      '--rounds', type=int, default=3, help='rounds of each variant (3)'
  )
  parser.add_argument(
      '--models',
      nargs='+',
      choices=MODELS,
      default=MODELS,
      help='which of them (all)',
  )
  parser.add_argument(
      '--data_dir',
      default='',
      help='what the provider of CIFAR-10 made (from Bazel)',
  )
  parser.add_argument(
      '--json', type=surroundings.path, help='a file for all measurements'
  )
  flags = parser.parse_args(argv)
  if not 0 < flags.seconds < float('inf') or flags.rounds < 1:
    raise errors.InputError('--seconds and --rounds must be above 0')
  if flags.json and not flags.json.parent.is_dir():
    raise errors.InputError(f'--json: no folder {flags.json.parent}')
  return flags


class Worker:
  """A process with one variant of one model. A context manager.

  Attributes:
    about: What the process has built.
  """

  def __init__(self, model: str, variant: str, data_dir: str, records: str):
    """Starts the process and waits until it has built its trainer.

    Args:
      model: One of `MODELS`.
      variant: One of `report.VARIANTS`.
      data_dir: What the provider of CIFAR-10 made; empty for Bazel's.
      records: A folder for the TFRecord files of stock.

    Raises:
      errors.InputError: The data are missing or damaged.
    """
    self._name = f'{model} {variant}'
    progress(f'{self._name}: building')
    # What TensorFlow prints is shown only when something goes wrong.
    self._log = tempfile.TemporaryFile('w+', encoding='utf-8')
    self._process = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'tools.bench.worker',
            f'--model={model}',
            f'--variant={variant}',
            f'--data_dir={data_dir}',
            f'--records={records}',
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=self._log,
        encoding='utf-8',
    )
    try:
      self.about = self._answer()
    except BaseException:
      self.__exit__()
      raise

  def __enter__(self) -> 'Worker':
    return self

  def __exit__(self, *_) -> None:
    self._process.kill()
    self._process.communicate()
    self._log.close()

  def _answer(self) -> dict[str, Any]:
    """Waits for an answer."""
    if line := self._process.stdout.readline():
      return json.loads(line)
    self._log.seek(0)
    log = self._log.read()
    # The process ends as every command does, with a line for bad input.
    if self._process.wait() == 2:
      raise errors.InputError(log.splitlines()[-1].removeprefix('error: '))
    raise RuntimeError(f'the process of {self._name} died:\n{log}')

  def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
    """Has the process do something and waits for it.

    Args:
      do: `train`, `read` or `matmul`.
      **arguments: Of the command.

    Returns:
      What was measured.
    """
    print(
        json.dumps({'do': do, **arguments}),
        file=self._process.stdin,
        flush=True,
    )
    return self._answer()


def measure(
    model: str, flags: argparse.Namespace, records: str
) -> dict[str, Any]:
  """Measures one model, ours and stock in turns.

  Args:
    model: One of `MODELS`.
    flags: With `rounds`, `seconds` and `data_dir`.
    records: A folder for the TFRecord files of stock.

  Returns:
    For each variant what it is and its `train` and `read` of every round; and
    the `matmul` of every round for each precision.
  """
  with contextlib.ExitStack() as stack:
    workers = {
        variant: stack.enter_context(
            Worker(model, variant, flags.data_dir, records)
        )
        for variant in report.VARIANTS
    }
    result: dict[str, Any] = {
        variant: {**worker.about, 'train': [], 'read': []}
        for variant, worker in workers.items()
    }
    result['matmul'] = {precision: [] for precision in report.PRECISIONS}
    for number in range(1, flags.rounds + 1):
      for do, share in (('train', 1.0), ('read', _INPUT_SHARE)):
        for variant, worker in workers.items():
          answer = worker.ask(do, seconds=flags.seconds * share)
          result[variant][do].append(answer)
          progress(
              f'{model} round {number} of {flags.rounds}, {do} {variant}:'
              f' {answer["images_per_second"]:,.0f} images/s'
          )
      for precision, speeds in result['matmul'].items():
        seconds = flags.seconds * _MATMUL_SHARE
        speeds.append(
            workers['ours'].ask('matmul', dtype=precision, seconds=seconds)
        )
  return result


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Measures, prints the table and writes the JSON file."""
  flags = parse_flags(argv)
  results = {}
  with tempfile.TemporaryDirectory() as records:
    for model in flags.models:
      results[model] = measure(model, flags, records)
  print(report.table(results), flush=True)
  if flags.json:
    measured = {
        'seconds': flags.seconds,
        'rounds': flags.rounds,
        'cores': os.cpu_count(),
        'bar': report.BAR,
        'models': results,
    }
    text = json.dumps(measured, indent=2) + '\n'
    flags.json.write_text(text, encoding='utf-8')


if __name__ == '__main__':
  main(sys.argv[1:])
