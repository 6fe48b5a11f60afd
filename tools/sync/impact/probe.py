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

"""The numeric probe: do the models compute the same with the new mirror?

Every float experiment that a convergence test trains is built with the old
mirror and with the new one, each in a process of its own (`probe_worker.py`),
with the same seed, weights, images and labels. The probe compares the initial
weights, the logits, the loss and the weights after one step of training. It
takes seconds where the convergence tests take minutes, and tells whether they
can be expected to change at all.
"""

import contextlib
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from typing import Callable, Iterator, Mapping, Sequence

import numpy as np

from tools.sync.impact import stale

PARTS = ('initial', 'logits', 'loss', 'weights')
_SECONDS = 600
_MODULE = 'tools.sync.impact.probe_worker'


@dataclasses.dataclass(frozen=True)
class Result:
  """What the probe found for one experiment.

  Attributes:
    experiment: Its registered name.
    old_error: Why it fails with the old mirror, in one line, or empty.
    new_error: The same for the new one.
    structure: How the weights differ in number or shape, or empty.
    largest: The largest absolute difference of each of `PARTS` that can be
      compared; infinity where only one of them is not a number.
  """

  experiment: str
  old_error: str = ''
  new_error: str = ''
  structure: str = ''
  largest: Mapping[str, float] = dataclasses.field(default_factory=dict)

  @property
  def identical(self) -> bool:
    """Whether everything is equal to the last bit."""
    fails = self.old_error or self.new_error or self.structure
    return not fails and not any(self.largest.values())


def experiments(runs: Sequence[stale.Run]) -> list[str]:
  """Returns the float experiments of the convergence tests.

  Args:
    runs: The convergence tests.

  Returns:
    `MODULE:EXPERIMENT` of each test that no other run starts.
  """
  return sorted({
      f'{run.module}:{run.experiment}'
      for run in runs
      if run.module and run.experiment and not run.baseline
  })


def _difference(old: np.ndarray, new: np.ndarray) -> float:
  """Returns the largest absolute difference of arrays of one shape."""
  old, new = np.asarray(old, np.float64), np.asarray(new, np.float64)
  equal = (old == new) | (np.isnan(old) & np.isnan(new))
  with np.errstate(invalid='ignore'):
    gaps = np.where(equal, 0.0, np.abs(old - new))
  return float(
      np.max(np.nan_to_num(gaps, nan=np.inf, posinf=np.inf), initial=0)
  )


def compare(
    experiment: str,
    old: Mapping[str, np.ndarray],
    new: Mapping[str, np.ndarray],
) -> Result:
  """Compares what two processes have computed.

  Args:
    experiment: Its name.
    old: The arrays of `probe_worker.compute` with the old mirror.
    new: The same with the new one.

  Returns:
    The result. When the weights differ in number or shape, the logits and the
    loss are compared and the weights are not.
  """
  structure, largest = '', {}
  for part in PARTS:
    names = [
        sorted(n for n in arrays if n.partition('_')[0] == part)
        for arrays in (old, new)
    ]
    if names[0] != names[1]:
      structure = f'{len(names[0])} weights -> {len(names[1])}'
      continue
    moved = [n for n in names[0] if old[n].shape != new[n].shape]
    if moved:
      first = moved[0]
      structure = structure or (
          f'{first} {old[first].shape} -> {new[first].shape}'
      )
      continue
    gaps = [_difference(old[name], new[name]) for name in names[0]]
    largest[part] = max(gaps, default=0.0)
  return Result(experiment, structure=structure, largest=largest)


@contextlib.contextmanager
def _killed_after(
    process: subprocess.Popen[str], seconds: float
) -> Iterator[threading.Event]:
  """Kills a process that takes too long, or that the caller leaves behind.

  Args:
    process: The process.
    seconds: How long it may take.

  Yields:
    What is set when it took too long.
  """
  late = threading.Event()

  def kill() -> None:
    late.set()
    process.kill()

  timer = threading.Timer(seconds, kill)
  timer.start()
  try:
    yield late
  finally:
    timer.cancel()
    process.kill()


def _compute(
    mirror: pathlib.Path,
    root: pathlib.Path,
    names: Sequence[str],
    output: pathlib.Path,
    progress: Callable[[str], None],
    python: str,
) -> str:
  """Runs the process for one mirror.

  Args:
    mirror: The mirror.
    root: The root of the repository.
    names: `MODULE:EXPERIMENT` of each.
    output: The folder for what it computes; named `old` or `new`.
    progress: What to tell which experiment it is at.
    python: The interpreter of the environment.

  Returns:
    Why it ended early, in one line, or an empty text.
  """
  environ = {
      **os.environ,
      'CUDA_VISIBLE_DEVICES': '-1',
      'PYTHONDONTWRITEBYTECODE': '1',
      # The mirror first: the root may hold an official/ of its own.
      'PYTHONPATH': os.pathsep.join([str(mirror), str(root)]),
      'TF_CPP_MIN_LOG_LEVEL': '3',
      'TF_USE_LEGACY_KERAS': '1',
  }
  what = f'probe, {output.name} mirror'
  progress(f'{what}: starting TensorFlow')
  with open(output / 'log.txt', 'w+', encoding='utf-8') as log:
    command = [
        python,
        '-m',
        _MODULE,
        f'--mirror={mirror}',
        f'--output={output}',
        *names,
    ]
    # Not in the root, which Python would put on the path before the mirror.
    with (
        subprocess.Popen(
            command,
            cwd=output,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding='utf-8',
        ) as process,
        _killed_after(process, _SECONDS) as late,
    ):
      for line in process.stdout:
        progress(f'{what}: {line.strip()}')
      code = process.wait()
    if not code:
      return ''
    if late.is_set():
      return f'took more than {_SECONDS} s'
    log.seek(0)
    lines = log.read().strip().splitlines()
    return lines[-1].strip() if lines else f'ended with exit code {code}'


def _without_paths(text: str, folders: Sequence[pathlib.Path]) -> str:
  """Returns a message without where the mirror and the root are."""
  for folder in folders:
    text = text.replace(f'{folder}{os.sep}', '')
  return text


def _load(
    folder: pathlib.Path, experiment: str, died: str
) -> tuple[dict[str, np.ndarray], str]:
  """Returns what was computed for an experiment, or why it was not."""
  error = folder / f'{experiment}.error'
  if error.is_file():
    return {}, error.read_text(encoding='utf-8') or 'failed'
  try:
    with np.load(folder / f'{experiment}.npz') as arrays:
      return dict(arrays), ''
  except (OSError, ValueError, EOFError):
    return {}, died or 'left nothing'


def run(
    old: pathlib.Path,
    new: pathlib.Path,
    root: pathlib.Path,
    names: Sequence[str],
    progress: Callable[[str], None] = lambda text: None,
    python: str = sys.executable,
) -> list[Result]:
  """Probes experiments with two mirrors.

  Args:
    old: The old mirror.
    new: The new mirror.
    root: The root of the repository.
    names: `MODULE:EXPERIMENT` of each; see `experiments`.
    progress: What to tell how far it is.
    python: The interpreter of the environment.

  Returns:
    A result for each experiment.
  """
  results = []
  with tempfile.TemporaryDirectory() as scratch:
    died = {}
    for side, mirror in (('old', old), ('new', new)):
      output = pathlib.Path(scratch, side)
      output.mkdir()
      died[side] = _compute(
          mirror.absolute(), root.absolute(), names, output, progress, python
      )
    folders = [folder.absolute() for folder in (old, new, root)]
    for name in names:
      experiment = name.partition(':')[2]
      (before, old_error), (after, new_error) = (
          _load(pathlib.Path(scratch, side), experiment, why)
          for side, why in died.items()
      )
      old_error = _without_paths(old_error, folders)
      new_error = _without_paths(new_error, folders)
      if old_error or new_error:
        results.append(Result(experiment, old_error, new_error))
      else:
        results.append(compare(experiment, before, after))
  return results
