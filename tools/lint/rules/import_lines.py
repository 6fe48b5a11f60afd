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

"""The order of imports."""

import ast
import itertools
import sys
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers


def _key(node: ast.Import | ast.ImportFrom) -> tuple[int, str, str]:
  """Returns the section of an import (0 to 2), its module and its name."""
  module, name = node.names[0].name, ''
  if isinstance(node, ast.ImportFrom):
    module, name = '.' * node.level + (node.module or ''), module
  top = module.split('.')[0]
  section = (top != '__future__') + (top not in sys.stdlib_module_names)
  return section, module.lower(), name.lower()


@registry.file_rule(
    'import-order',
    on=('**/*.py',),
    source='https://google.github.io/styleguide/pyguide.html#313-imports-formatting',
    bad=registry.texts(
        ('tools/a.py', headers.example('import os\nimport ast\n')),
        ('tools/b.py', headers.example('import numpy\n\nimport os\n')),
        ('tools/c.py', headers.example('import os\nimport numpy\n')),
    ),
    good=registry.texts(
        (
            'tools/a.py',
            headers.example(
                'import os\n\nimport tensorflow as tf, tf_keras\n\nimport a.b\n'
            ),
        ),
        ('tools/b.py', headers.example('def broken(:\n')),
    ),
)
def check_import_order(file: tree.File) -> Iterator[tuple[int, str]]:
  """Imports are sorted by module; those of the standard library come first.

  A blank line or a comment ends a block; the order is kept within a block.
  ruff's isort cannot do this: it takes `import tensorflow as tf, tf_keras`
  apart.
  """
  body = file.syntax.body if file.syntax else []
  found = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
  for before, node in itertools.pairwise(found):
    old, new = _key(before), _key(node)
    adjacent = before.end_lineno + 1 == node.lineno
    if new[0] < old[0] or adjacent and new < old:
      yield node.lineno, f'the import of {new[1]} belongs before {old[1]}'
    elif adjacent and new[0] != old[0]:
      yield node.lineno, f'no blank line before the import of {new[1]}'
