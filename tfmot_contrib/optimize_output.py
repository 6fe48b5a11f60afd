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

"""What `optimize.py` leaves: a folder of its own, whole files and a report."""

import contextlib
import json
import os
import pathlib
import shutil
from typing import Any, Iterator, Mapping, Sequence

import tensorflow as tf

from tfmot_contrib import errors

_HEADS = (
    'model',
    'top-1',
    'change',
    'bytes',
    'ratio',
    'gzip bytes',
    'ratio',
    'times faster',
    'sparsity',
    'distinct weights',
    'integer operators',
)


@contextlib.contextmanager
def writing(path: pathlib.Path) -> Iterator[pathlib.Path]:
  """Makes a file whole or not at all.

  Args:
    path: The file.

  Yields:
    The file to write instead, which takes its place at the end.

  Raises:
    errors.InputError: The disk is full, or there is no right to write.
  """
  partial = path.with_name(f'.partial_{path.name}')
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    yield partial
    os.replace(partial, path)
  except OSError as error:
    with contextlib.suppress(OSError):
      partial.unlink()
    raise errors.InputError(
        f'cannot write {path}: {error.strerror or error}; take another'
        ' --output_dir'
    ) from error


def write(path: pathlib.Path, content: str | bytes) -> None:
  """Writes a file whole or not at all."""
  with writing(path) as partial:
    partial.write_bytes(
        content.encode() if isinstance(content, str) else content
    )


@contextlib.contextmanager
def claimed(output: pathlib.Path, request: Mapping[str, Any]) -> Iterator[None]:
  """Lets the work of a request happen in a folder that is free or its own.

  Args:
    output: The folder.
    request: All that decides what comes out.

  Yields:
    Nothing. If bad input ends the work before anything was trained, the folder
    is left empty.

  Raises:
    errors.InputError: The folder holds something else.
  """
  path = output / 'request.json'
  # As JSON, since that has no tuples.
  request = json.loads(json.dumps(request))
  try:
    new = not output.exists() or not any(output.iterdir())
  except OSError as error:
    raise errors.InputError(
        f'--output_dir={output}: {error.strerror}; name a folder of yours'
    ) from error
  if not new:
    before = json.loads(path.read_text('utf-8')) if path.is_file() else {}
    other = [key for key in request if before.get(key) != request[key]]
    if other:
      raise errors.InputError(
          f'{output} holds something else'
          + (f' (another {", ".join(other)})' if before else '')
          + ': take another --output_dir, or delete it'
      )
  write(path, json.dumps(request, indent=1, sort_keys=True) + '\n')
  try:
    yield
  except errors.InputError:
    if new and not tf.train.latest_checkpoint(str(output / 'train')):
      for child in output.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()
    raise


def _cells(
    name: str,
    now: Mapping[str, Any],
    before: Mapping[str, Any],
    covered: Sequence[str],
) -> list[str]:
  """Returns the cells of a model in the table of the report."""
  every = now['kernels']
  judged = [k for k in every if k['name'] in covered] or every
  zeros = sum(k['zeros'] for k in every) / sum(k['size'] for k in every)
  distinct = max(k['distinct_per_channel'] for k in judged)
  cells = [name, f'{now["accuracy"]:.2f} %']
  cells.append(f'{now["accuracy"] - before["accuracy"]:+.2f}')
  for size in ('bytes', 'gzip_bytes'):
    cells += [f'{now[size]:,}', f'{now[size] / before[size]:.3f}']
  cells.append(f'{now["latency"]["times_faster"]:.2f}')
  cells += [f'{100 * zeros:.2f} %', f'{distinct:,}']
  return [*cells, f'{100 * now["integer_share"]:.0f} %']


def markdown(report: Mapping[str, Any]) -> str:
  """Returns a report for people.

  Args:
    report: What is in report.json.

  Returns:
    Markdown.
  """
  invariants = dict(report['invariants'])
  covered = invariants.pop('covered', [])
  skipped = invariants.pop('skipped', [])
  original, training = report['original'], report['training']
  table = [_HEADS, ['---'] * len(_HEADS)]
  table.append(_cells('original', original, original, covered))
  for kind, measured in report['exported'].items():
    table.append(_cells(kind, measured, original, covered))
  lines = [f'# {report["technique"]} of {report["model"]}', '']
  lines += ['| ' + ' | '.join(cells) + ' |' for cells in table]
  lines += [
      '',
      (
          f'Recipe: `{report["experiment"]}`, {training["steps"]} steps in'
          f' {training["seconds"]:.0f} s, on CIFAR-10. Accuracy is that of the'
          f' TFLite interpreter on {report["images"]:,} images'
          f' ({report["split"]}), its change is in points. Ratios and speed are'
          ' against the original; speed is that of single images on one thread'
          ' here. Sparsity is the share of zeros in all kernels, distinct'
          ' weights are the most in an output channel of a covered kernel.'
      ),
      '',
  ]
  for what, names in (('Covered', covered), ('Left alone', skipped)):
    listed = ', '.join(f'`{name}`' for name in names) or 'none'
    lines += [f'* {what}: {len(names)} layers: {listed}']
  for name, value in sorted(invariants.items()):
    lines.append(f'* `{name}`: {value}')
  return '\n'.join(lines) + '\n'
