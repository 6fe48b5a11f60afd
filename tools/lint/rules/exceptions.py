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

"""Exceptions to the rules say why."""

from typing import Iterator

from tools.lint import ignores
from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_MARK = '# lint: ' + 'ignore[{}]{}\n'


@registry.file_rule(
    'ignore-reason',
    on=('**',),
    source=registry.CONTRIBUTING,
    bad=registry.texts(
        ('tools/a.py', headers.example(_MARK.format('file-length', ''))),
        ('tools/b.py', headers.example(_MARK.format('no-such-rule', ' Why.'))),
    ),
    good=registry.texts(('tools/a.md', 'Nothing is ignored.\n')),
)
def check_ignore_reason(file: tree.File) -> Iterator[tuple[int, str]]:
  """An exception names a rule that there is and says why it is one.

  One that nothing is found by any more is taken out.
  """
  for ignore in ignores.inline(file):
    if not ignore.reason:
      yield ignore.line, f'say why {ignore.rule} does not hold here'
    kebab = '-' in ignore.rule or ignore.rule.islower()
    tools = ('buildifier', 'codespell', 'pyink', 'yamllint', 'zizmor')
    known = ignore.rule in registry.RULES or ignore.rule in tools
    known = known or ignore.rule in ('check-jsonschema', 'import-linter')
    if kebab and not known:
      yield ignore.line, f'there is no rule {ignore.rule}'
