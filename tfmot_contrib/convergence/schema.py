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

"""Says in one line what of a value breaks a JSON schema."""

import json
import pathlib
from typing import Any

import jsonschema


def breach(value: Any, path: pathlib.Path) -> str:
  """Returns where a value breaks a schema and how.

  Args:
    value: As a JSON or YAML file gives it.
    path: The file of the schema.

  Returns:
    `at WHERE: WHAT` of the error that tells most, or nothing if the value
    follows the schema.
  """
  schema = json.loads(path.read_text(encoding='utf-8'))
  found = jsonschema.exceptions.best_match(
      jsonschema.Draft202012Validator(schema).iter_errors(value)
  )
  if not found:
    return ''
  where = '/'.join(str(part) for part in found.absolute_path) or 'top level'
  return f'at {where}: {found.message[:200]}'
