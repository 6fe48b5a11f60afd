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

"""Mistakes to plant in a copy of this project: two or more for each rule.

Rules over one file have theirs beside them, as bad examples. Here are those of
the rules over the whole project, which change what is there, and those of the
tools.
"""

from typing import NamedTuple

from tools.lint.rules import headers


class Edit(NamedTuple):
  """One change of a file.

  Attributes:
    path: The file.
    old: What to replace, or '' to append to it or to make it.
    new: What to put there, or None to delete the file.
  """

  path: str
  old: str
  new: str | None


_CONTRIB = 'tfmot_contrib'
_CLUSTERING = 'tfmot_contrib/clustering/README.md'
_FUNCTION = headers.example('"""Planted."""\n\n\ndef f():\n  return 1\n')
_REGISTER = headers.example(
    '"""Planted."""\n\nfrom official.core import config_definitions as cfg\n'
    'from official.core import exp_factory\n\n\n'
    "@exp_factory.register_config_factory('{}')\n"
    'def planted() -> cfg.ExperimentConfig:\n'
    '  """Planted."""\n  return cfg.ExperimentConfig()\n'
)
_TFMOT = '\nimport tensorflow_model_optimization as tfmot\n\nX = tfmot.{}\n'

# By rule, the variants; each is a list of edits, and the file of the first
# one, which may change nothing, is where it has to be found.
PROJECT: dict[str, list[list[Edit]]] = {
    'sibling-test': [
        [Edit('tools/planted_a.py', '', _FUNCTION)],
        [Edit(f'{_CONTRIB}/modeling/planted_b.py', '', _FUNCTION)],
    ],
    'line-endings': [
        [
            Edit('tools/nox', '', ''),
            Edit('.gitattributes', '* text=auto eol', '*.py eol'),
        ],
        [
            Edit('docs/planted.txt', '', 'a\n'),
            Edit('.gitattributes', '', '*.txt !eol\n'),
        ],
    ],
    'no-binary': [
        [Edit(f'{_CONTRIB}/pruning/weights.npy', '', 'NUMPY')],
        [Edit('docs/planted.txt', '', 'a\0b')],
        [Edit('docs/large.md', '', 'x' * (2 << 20))],
    ],
    'registry-reachable': [
        [Edit(f'{_CONTRIB}/pruning/planted.py', '', _REGISTER.format('p'))],
        [
            Edit(f'{_CONTRIB}/pruning/experiments.py', '', ''),
            Edit(
                f'{_CONTRIB}/techniques.bzl',
                '    "pruning",\n',
                '',
            ),
        ],
    ],
    'unique-experiment': [
        [
            Edit(
                f'{_CONTRIB}/pruning/planted.py',
                '',
                _REGISTER.format('resnet_cifar10'),
            )
        ],
        [
            Edit(f'{_CONTRIB}/pruning/experiments.py', '', ''),
            Edit(
                f'{_CONTRIB}/clustering/experiments.py',
                "register('clustering'",
                "register('pruning'",
            ),
        ],
    ],
    'config-loads': [
        [
            Edit(
                f'{_CONTRIB}/clustering/configs/clusters16.yaml',
                'clusters:',
                'clutsers:',
            )
        ],
        [
            Edit(
                f'{_CONTRIB}/pruning/configs/sparsity50.yaml',
                '',
                'trainers: {}\n',
            )
        ],
    ],
    'readme-sections': [
        [Edit(f'{_CONTRIB}/pruning/README.md', '## Citation', '## Cites')],
        [Edit(_CLUSTERING, '## Results', '### Results')],
    ],
    'readme-environment': [
        [Edit(_CLUSTERING, 'TFMOT 0.8.0', 'TFMOT 0.7.0')],
        [
            Edit(
                f'{_CONTRIB}/post_training/README.md',
                'tools/versions/locks/',
                'the locks',
            )
        ],
    ],
    'results-evidence': [
        [Edit(_CLUSTERING, '| int8 | 8', '| int8 | 9')],
        [Edit('README.md', '| int8 | +', '| int8 | -')],
    ],
    'link-resolves': [
        [Edit('docs/architecture.md', '', '\n[gone](gone.md)\n')],
        [Edit('README.md', '', '\n[gone](CONTRIBUTING.md#gone)\n')],
    ],
    'readme-shell': [
        [Edit('README.md', '--mode=train_and_eval', '--mod=train_and_eval')],
        [
            Edit(
                _CLUSTERING,
                'clustering:resnet_cifar10_clusters16',
                'clustering:resnet_cifar10_clusters17',
            )
        ],
        [Edit('CONTRIBUTING.md', '', '\n```shell\necho "\n```\n')],
        [Edit('CONTRIBUTING.md', '', '\n```shell\ntools/nox -s gone\n```\n')],
    ],
    'technique-folder': [
        [Edit(f'{_CONTRIB}/pruning/configs/planted.yaml', '', 'task: {}\n')],
        [
            Edit(f'{_CONTRIB}/pruning/BUILD', '', ''),
            Edit(f'{_CONTRIB}/pruning/configs/sparsity80.yaml', '', None),
        ],
        [Edit(f'{_CONTRIB}/clustering/technique.yaml', 'name: c', 'name: d')],
        [Edit(f'{_CONTRIB}/planted/configs/a.yaml', '', 'task: {}\n')],
    ],
    'codeowners': [
        [
            Edit('.github/CODEOWNERS', '', ''),
            Edit(
                f'{_CONTRIB}/pruning/technique.yaml',
                '"@tfmot-models/maintainers"',
                '"@someone"',
            ),
        ],
        [Edit('.github/CODEOWNERS', '/pruning/', '/prunning/')],
    ],
    'maintainers': [
        [
            Edit(
                f'{_CONTRIB}/pruning/README.md',
                '@tfmot-models/maintainers',
                '@someone',
            )
        ],
        [
            Edit(
                _CLUSTERING,
                '@tfmot-models/maintainers',
                'Nobody.',
            )
        ],
    ],
    'declared-import': [
        [Edit(f'{_CONTRIB}/pruning/pruning.py', '', '\nimport torch\n')],
        [Edit(f'{_CONTRIB}/optimize_output.py', '', '\nimport tomlkit\n')],
    ],
    'build-deps': [
        [Edit(f'{_CONTRIB}/pruning/planted.py', '', headers.example(''))],
        [
            Edit('tools/bench/syncing.py', '', ''),
            Edit('tools/bench/BUILD', '        "//tools/mirror",\n', ''),
        ],
    ],
}

_PYTHON = f'{_CONTRIB}/pruning/planted_'
_LONG = '"""Planted."""\n\nX = "' + 'words ' * 14 + '"\n'
_ARGS = (
    '"""Planted."""\n\n\ndef f(a: int) -> int:\n  """Does it.\n\n  Args:\n'
    '    {}: A number.\n\n  Returns:\n    A number.\n  """\n  return a\n'
)
_WORKFLOW = (
    'name: planted\non:\n  push:\n    branches: [main]\npermissions:\n'
    '  contents: read\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n{}'
)
_WORKFLOWS = '.github/workflows/planted_'
# By tool, files in which it has to find something.
TOOLS: dict[str, dict[str, str]] = {
    'ruff': {
        f'{_PYTHON}r1.py': headers.example('"""Planted."""\n\nimport os\n'),
        f'{_PYTHON}r2.py': headers.example(_LONG),
    },
    'pyink': {
        f'{_PYTHON}k1.py': headers.example('"""Planted."""\n\nX = [1,2]\n'),
        f'{_PYTHON}k2.py': headers.example(
            '"""Planted."""\n\n\ndef f():\n    return 1\n'
        ),
    },
    'pylint': {
        f'{_PYTHON}l1.py': headers.example(
            '"""Planted."""\n\nimport os\n\nX = os.path.joined("a")\n'
        ),
        f'{_PYTHON}l2.py': headers.example(
            '"""Planted."""\n\n\ndef f(a):\n  return a\n\n\nX = f(1, 2)\n'
        ),
    },
    'pydoclint': {
        f'{_PYTHON}d1.py': headers.example(_ARGS.format('b')),
        f'{_PYTHON}d2.py': headers.example(
            _ARGS.format('a').replace('\n  Returns:\n    A number.\n', '')
        ),
    },
    'buildifier': {
        f'{_CONTRIB}/planted/BUILD': 'filegroup(name="a",srcs=["b"])\n',
        'tools/planted.bzl': headers.example('def f():\n  pass\n'),
    },
    'yamllint': {
        'docs/planted_1.yaml': 'a: 1\na: 2\n',
        'docs/planted_2.yaml': 'a:\n    - b\n  - c\n',
    },
    'codespell': {
        'docs/planted_1.md': 'This is a mis' + 'take that was recie' + 'ved.\n',
        f'{_PYTHON}c.py': headers.example('"""Sep' + 'erate."""\n'),
    },
    'check-jsonschema': {
        f'{_WORKFLOWS}s.yml': _WORKFLOW.format('      - uses: [a]\n'),
        f'{_CONTRIB}/planted/technique.yaml': 'name: planted\n',
    },
    'import-linter': {
        f'{_CONTRIB}/pruning/planted_i.py': headers.example(
            '"""Planted."""\n\nfrom tools.versions import bootstrap\n'
        ),
        f'{_CONTRIB}/clustering/planted_i.py': headers.example(
            '"""Planted."""\n\nfrom tfmot_contrib.pruning import pruning\n'
        ),
    },
    'actionlint': {
        f'{_WORKFLOWS}a1.yml': _WORKFLOW.format(
            '      - run: echo "${{ steps.gone.outputs.x }}"\n'
        ),
        f'{_WORKFLOWS}a2.yml': (
            _WORKFLOW.format('      - run: "true"\n').replace(
                '    steps:', '    needs: [gone]\n    steps:'
            )
        ),
    },
    'zizmor': {
        f'{_WORKFLOWS}z1.yml': _WORKFLOW.format(
            '      - run: echo ${{ github.event.pull_request.title }}\n'
        ),
        f'{_WORKFLOWS}z2.yml': (
            _WORKFLOW.format('      - uses: actions/checkout@v4\n').replace(
                'contents: read', 'contents: write'
            )
        ),
    },
}
