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

"""Which Keras and which TensorFlow: the second of both."""

import ast
from typing import Iterator

from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_GOOD = 'import tensorflow as tf, tf_keras\n\nprint(tf_keras.layers.Dense)\n'
_ON = ('tfmot_contrib/**/*.py', 'tools/**/*.py', 'official/**/*.py')
_SESSIONS = (
    'Session',
    'InteractiveSession',
    'placeholder',
    'global_variables_initializer',
    'get_variable',
    'variable_scope',
    'layers.dense',
    'estimator.Estimator',
)


@registry.file_rule(
    'legacy-keras',
    on=_ON,
    source='Official Models writes `import tensorflow as tf, tf_keras`',
    bad=registry.texts(
        (
            'tools/a.py',
            headers.example(
                'import tensorflow as tf\n\nprint(tf.keras.layers.Dense)\n'
            ),
        ),
        (
            'tools/b.py',
            headers.example('import tf_keras\nimport tensorflow as tf\n'),
        ),
        ('tools/c.py', headers.example('from keras import layers\n')),
        ('tools/d.py', headers.example('import tf_keras, tensorflow as tf\n')),
    ),
    good=registry.texts(
        ('tools/a.py', headers.example(_GOOD)),
        ('tools/b.py', headers.example('import tensorflow as tf\n')),
        ('tools/c.py', headers.example('import tf_keras\n')),
    ),
)
def check_legacy_keras(file: tree.File) -> Iterator[tuple[int, str]]:
  """Keras is `tf_keras`, imported with TensorFlow and after it.

  With Keras 3, which is what `keras` and `tf.keras` are, pruning and
  quantization raise and clustering silently returns None.
  """
  tensorflow = 0
  for node in file.nodes:
    if isinstance(node, ast.Import):
      names = [alias.name for alias in node.names]
      tops = [name.split('.')[0] for name in names]
      if 'tensorflow' in tops:
        tensorflow = node.lineno
      if 'keras' in tops or 'tensorflow.keras' in names:
        yield node.lineno, 'bare keras is Keras 3: use tf_keras'
      if 'tf_keras' in tops and 'tensorflow' in tops:
        if tops.index('tf_keras') < tops.index('tensorflow'):
          yield node.lineno, 'write import tensorflow as tf, tf_keras'
    elif isinstance(node, ast.ImportFrom):
      module = node.module or ''
      if module.split('.')[0] == 'keras' or module.startswith(
          'tensorflow.keras'
      ):
        yield node.lineno, 'bare keras is Keras 3: use tf_keras'
    elif isinstance(node, ast.Attribute) and tree.dotted(node) == 'tf.keras':
      yield node.lineno, 'tf.keras may be Keras 3: use tf_keras'
  if tensorflow and file.syntax:
    for node in file.syntax.body:
      alone = isinstance(node, ast.Import) and 'tf_keras' in {
          alias.name for alias in node.names
      }
      if alone and not any(a.name == 'tensorflow' for a in node.names):
        yield node.lineno, 'write import tensorflow as tf, tf_keras'


@registry.file_rule(
    'no-compat-v1',
    on=_ON,
    source=registry.STYLE,
    bad=registry.texts(
        (
            'tools/a.py',
            headers.example(
                'import tensorflow as tf\n\nprint(tf.compat.v1.Session())\n'
            ),
        ),
        (
            'tools/b.py',
            headers.example('import tensorflow.compat.v1 as tf\n'),
        ),
        (
            'tools/c.py',
            headers.example(
                'import tensorflow as tf\n\nX = tf.placeholder(tf.int32)\n'
            ),
        ),
    ),
    good=registry.texts(('tools/a.py', headers.example(_GOOD))),
)
def check_no_compat_v1(file: tree.File) -> Iterator[tuple[int, str]]:
  """TensorFlow 2 only: no `compat.v1`, no session, no placeholder.

  Code of TensorFlow 1 does not run under `tf.function` and `tf.distribute`.
  """
  banned = {f'tf.{name}' for name in _SESSIONS} | {'tf.compat.v1'}
  for line, module, name in tree.imports(file):
    if f'{module}.{name}'.startswith('tensorflow.compat.v1'):
      yield line, 'tensorflow.compat.v1 is TensorFlow 1'
  for node in file.nodes:
    if isinstance(node, ast.Attribute):
      name = tree.dotted(node)
      if name in banned:
        yield node.lineno, f'{name} is TensorFlow 1'
