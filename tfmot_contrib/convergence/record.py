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

"""The run record: what a run leaves behind, with a schema.

A record is plain JSON. It is checked against `record_schema.json` when it is
written and when it is read, so that a verdict never stands on half a record.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import tempfile
from typing import Any

import jsonschema

from tfmot_contrib import errors

SCHEMA_VERSION = 3
TIERS = ('smoke', 'cpu', 'accelerator')
# By what decides the numbers of a run, the distributions that may be it.
STACK = {
    'tensorflow': ('tensorflow', 'tf-nightly'),
    'tf-keras': ('tf-keras', 'tf-keras-nightly'),
    'numpy': ('numpy',),
}
_LINE = 160
_SCHEMA = pathlib.Path(__file__).parent / 'record_schema.json'


@dataclasses.dataclass
class Run:
  """One run, before its exported models are measured.

  Attributes:
    experiment: The registered name.
    tier: One of `TIERS`.
    seed: Of all that was random.
    params: The whole experiment config, without paths.
    environment: Digest of the fingerprint of the Python environment.
    versions: Of the packages that results depend on (see `stack`);
      `environment` has all of them.
    data: Digest of the data.
    batches: By `train` and `validation`, the digest of a batch as the model got
      it.
    instruction_set: What the processor that trained can do at most (see
      `health.instruction_set`); results differ by it.
    weights: Digest of the weights that were exported.
    parameters: How many weights were exported.
    lineage: The `weights` of the runs that this one comes from, the float
      baseline first.
    training: `steps`, wall `seconds`, `cpu_seconds`, `images_per_second`, the
      `cpus` that could be used, and whether `onednn` was on (1 or 0).
    health: What became of the variables while it trained (see
      `health.Observer.summary`); nothing if it did not.
    keras: Metrics of the last evaluation in training, in Keras; shares of 1.
    invariants: What the technique measured on the exported models.
    schema_version: Of this format.
  """

  experiment: str
  tier: str
  seed: int
  params: dict[str, Any]
  environment: str
  versions: dict[str, str]
  data: str
  batches: dict[str, str]
  instruction_set: str
  weights: str
  parameters: int
  lineage: list[str]
  training: dict[str, Any]
  health: dict[str, Any]
  keras: dict[str, float]
  invariants: dict[str, Any]
  schema_version: int = SCHEMA_VERSION

  @property
  def stack(self) -> dict[str, str]:
    """What decides the numbers of a run, beside its code, data and recipe.

    The version of Python is no part of it, nor is a package that no training
    computes with.

    Returns:
      The versions of `tensorflow`, `tf-keras` and `numpy`, the `threads` of a
      training, and whether it has `onednn`.
    """
    found = {}
    for name, packages in STACK.items():
      versions = [self.versions[p] for p in packages if p in self.versions]
      found[name] = versions[0] if versions else 'unknown'
    found['threads'] = str(self.training['cpus'])
    # Records without it are from before it could be set.
    found['onednn'] = str(self.training.get('onednn', 1))
    return found


@dataclasses.dataclass(kw_only=True)
class Record(Run):
  """A run and what was measured of it.

  Attributes:
    exported: By kind (see `deployment.export`), what `deployment.benefit`
      measured, and `keras_gap`, how many points its accuracy differs from that
      of Keras.
  """

  exported: dict[str, Any]


def digest_of_file(path: str | os.PathLike[str]) -> str:
  """Returns the sha256 of a file.

  Args:
    path: The file.

  Returns:
    64 hex digits.

  Raises:
    errors.InputError: It cannot be read.
  """
  try:
    with open(path, 'rb') as stream:
      return hashlib.file_digest(stream, 'sha256').hexdigest()
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error.strerror}') from error


def digest_of_folder(path: str | os.PathLike[str]) -> str:
  """Returns one sha256 for the files right below a folder."""
  sha = hashlib.sha256()
  for file in sorted(pathlib.Path(path).iterdir()):
    if file.is_file():
      sha.update(f'{file.name} {digest_of_file(file)}\n'.encode())
  return sha.hexdigest()


def _check(value: Any, source: str, kind: type[Run]) -> None:
  """Raises an `errors.InputError` unless `value` follows the schema."""
  schema = json.loads(_SCHEMA.read_text(encoding='utf-8'))
  if kind is Run:
    schema['required'].remove('exported')
    del schema['properties']['exported']
  validator = jsonschema.Draft202012Validator(schema)
  error = jsonschema.exceptions.best_match(validator.iter_errors(value))
  if error:
    where = '/'.join(str(part) for part in error.absolute_path) or 'top level'
    raise errors.InputError(
        f'{source} is no run record of schema {SCHEMA_VERSION}: at {where}:'
        f' {error.message[:200]}; run its target again'
    )


def _dump(value: Any, depth: int = 0) -> str:
  """Returns JSON in which a list of one level, or a small dict, is one line."""
  line = json.dumps(value, sort_keys=True)
  if len(line) + depth <= _LINE or not isinstance(value, (dict, list)):
    return line
  pad = ' ' * (depth + 1)
  if isinstance(value, dict):
    parts = [
        f'{pad}{json.dumps(k)}: {_dump(v, depth + 1)}'
        for k, v in sorted(value.items())
    ]
  else:
    parts = [pad + _dump(v, depth + 1) for v in value]
  begin, end = '{}' if isinstance(value, dict) else '[]'
  return f'{begin}\n' + ',\n'.join(parts) + f'\n{pad[1:]}{end}'


def write(run: Run, path: pathlib.Path) -> None:
  """Writes a record, or a run that is not measured yet, whole or not at all.

  Args:
    run: What to write.
    path: The JSON file.

  Raises:
    errors.InputError: It breaks the schema, or the disk is full.
  """
  value = dataclasses.asdict(run)
  _check(value, str(path), type(run))
  text = _dump(value) + '\n'
  try:
    with tempfile.NamedTemporaryFile(
        'w', dir=path.parent, delete=False, encoding='utf-8'
    ) as stream:
      stream.write(text)
    os.chmod(stream.name, 0o644)
    os.replace(stream.name, path)
  except OSError as error:
    raise errors.InputError(f'cannot write {path}: {error.strerror}') from error


def read(path: str | os.PathLike[str], kind: type[Run] = Record) -> Any:
  """Reads a record.

  Args:
    path: The JSON file.
    kind: `Record`, or `Run` for one that is not measured.

  Returns:
    What was written.

  Raises:
    errors.InputError: There is none, or it breaks the schema.
  """
  try:
    value = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
  except OSError as error:
    raise errors.InputError(f'cannot read {path}: {error.strerror}') from error
  except ValueError as error:
    raise errors.InputError(
        f'{path} is no JSON: {error}; run its target again'
    ) from error
  _check(value, str(path), kind)
  return kind(**value)
