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

SCHEMA_VERSION = 1
TIERS = ('smoke', 'cpu', 'accelerator')
_SCHEMA = pathlib.Path(__file__).parent / 'record_schema.json'


@dataclasses.dataclass
class Record:
  """One run.

  Attributes:
    experiment: The registered name.
    tier: One of `TIERS`.
    seed: Of all that was random.
    params: The whole experiment config, without paths.
    environment: Digest of the fingerprint of the Python environment.
    data: Digest of the data.
    init: Digest of the record of the run whose checkpoint started this one.
    training: `steps`, wall `seconds`, `cpu_seconds`, `images_per_second`, and
      `cpus` that could be used.
    keras: Metrics of the last evaluation in training, in Keras; shares of 1.
    exported: By kind (`float`, `int8`) what `deployment.benefit` measured.
    invariants: What the technique measured on the exported model.
    schema_version: Of this format.
  """

  experiment: str
  tier: str
  seed: int
  params: dict[str, Any]
  environment: str
  data: str
  init: str
  training: dict[str, Any]
  keras: dict[str, float]
  exported: dict[str, Any]
  invariants: dict[str, Any]
  schema_version: int = SCHEMA_VERSION


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


def _check(value: Any, source: str) -> None:
  """Raises an `errors.InputError` unless `value` follows the schema."""
  schema = json.loads(_SCHEMA.read_text(encoding='utf-8'))
  validator = jsonschema.Draft202012Validator(schema)
  error = jsonschema.exceptions.best_match(validator.iter_errors(value))
  if error:
    where = '/'.join(str(part) for part in error.absolute_path) or 'top level'
    raise errors.InputError(
        f'{source} is no run record of schema {SCHEMA_VERSION}: at {where}:'
        f' {error.message[:200]}; run its target again'
    )


def write(record: Record, path: pathlib.Path) -> None:
  """Writes a record, whole or not at all.

  Args:
    record: The record.
    path: The JSON file.

  Raises:
    errors.InputError: The record breaks the schema, or the disk is full.
  """
  value = dataclasses.asdict(record)
  _check(value, str(path))
  text = json.dumps(value, indent=1, sort_keys=True) + '\n'
  try:
    with tempfile.NamedTemporaryFile(
        'w', dir=path.parent, delete=False, encoding='utf-8'
    ) as stream:
      stream.write(text)
    os.chmod(stream.name, 0o644)
    os.replace(stream.name, path)
  except OSError as error:
    raise errors.InputError(f'cannot write {path}: {error.strerror}') from error


def read(path: str | os.PathLike[str]) -> Record:
  """Reads a record.

  Args:
    path: The JSON file.

  Returns:
    The record.

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
  _check(value, str(path))
  return Record(**value)
