"""Checks the evaluator against known answers: the documentation's examples, and cases they leave open."""

import unittest
from typing import Any

from deployment.deployment import Deployment
from deployment.place import Place
from expressions.evaluate import resolve
from expressions.secrets import sources
from expressions.syntax import Fault

ANSWERS: list[tuple[str, Any]] = [
    ("plain", "plain"),
    ("[[escaped]", "[escaped]"),
    ("[open", "[open"),
    ("[concat('it''s', ' ', 5, true())]", "it's 5True"),
    ("[concat(createArray(1), createArray(2, 3))]", [1, 2, 3]),
    ("[format('{0}/{1:D3}/{{{2}}}', 'a', 7, true())]", "a/007/{True}"),
    ("[if(equals(1, 1), 'yes', json('no'))]", "yes"),
    ("[equals('a', 'A')]", False),
    ("[equals(createObject('a', 1), json('{\"a\": 1}'))]", True),
    ("[and(true(), not(false()), or(false(), true()))]", True),
    ("[contains('OneTwoThree', 'Two')]", True),
    ("[contains(createObject('one', 1), 'ONE')]", True),
    ("[contains(createArray('one'), 'ONE')]", False),
    ("[empty('')]", True),
    ("[coalesce(null(), 'a')]", "a"),
    ("[split('one,two;three', createArray(',', ';'))]", ["one", "two", "three"]),
    ("[join(range(5, 3), '-')]", "5-6-7"),
    ("[first(skip(createArray('a', 'b', 'c'), 1))]", "b"),
    ("[last(take('abc', 2))]", "b"),
    (
        "[union(createObject('a', createObject('b', 1)), createObject('a', createObject('c', 2)))]",
        {"a": {"b": 1, "c": 2}},
    ),
    ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
    ("[items(createObject('b', 2, 'a', 1))[0].key]", "a"),
    ("[substring('one two three', 4, 3)]", "two"),
    ("[replace(toLower('A-B'), '-', '')]", "ab"),
    ("[base64ToString(base64('text'))]", "text"),
    ("[string(createArray(1, 'a', false()))]", '[1,"a",false]'),
    ("[int('-4')]", -4),
    ("[div(7, 2)]", 3),
    ("[mod(sub(1, 8), 3)]", -1),
    ("[min(createArray(3, 1, 2))]", 1),
    ("[max(3, 1, 2)]", 3),
    ("[parseCidr('10.144.0.5/20').cidr]", 20),
    ("[if(true(), 1, fail('because'))]", 1),
    ("[cidrSubnet('10.144.0.0/20', 24, 2)]", "10.144.2.0/24"),
    (
        "[map(filter(range(0, 4), lambda('i', greater(lambdaVariables('i'), 1))), "
        "lambda('i', mul(2, lambdaVariables('i'))))]",
        [4, 6],
    ),
    ("[resourceId('Microsoft.A/b/c', 'x', 'y')]", f"{Place().id}/providers/Microsoft.A/b/x/c/y"),
    ("[resourceId('other', 'Microsoft.A/b', 'x')]", f"{Place('other').id}/providers/Microsoft.A/b/x"),
    ("[extensionResourceId('/one', 'Microsoft.A/b', 'x')]", "/one/providers/Microsoft.A/b/x"),
    ("[subscriptionResourceId('s', 'Microsoft.A/b', 'x')]", "/subscriptions/s/providers/Microsoft.A/b/x"),
]
# The results of Microsoft's engine (bicep snapshot 0.49.2): uniqueString and guid.
HASHES = [
    (("a",), "eveiun73364hy", "3703365d-5a9f-59b4-bca7-b9681389e4c1"),
    (("",), "aaaaaaaaaaaaa", "e655a85f-3ab2-5e4a-9666-569aa72a5a10"),
    (("a", "b"), "i3z4v3sp6aooa", "2d796349-8c7e-55ec-9624-54ece82ed031"),
    (("a-b",), "i3z4v3sp6aooa", "2d796349-8c7e-55ec-9624-54ece82ed031"),
    (("/subscriptions/00000000-0000-0000-0000-00000000bbbb/resourceGroups/runners", "gh"), "vjisytkwugtou", "34c8fef8-87ac-5b2d-b007-3b494b768527"),
    (("é€漢",), "tyetfxjoxfmaq", "84961f53-1a9c-51eb-9882-7ab3a5c50b84"),
    (("12345678",), "bgwkv3ufmboyc", "4e555a4b-08e7-5ce2-ad5d-df709bccffb8"),
    (("123456789",), "ex34imgicgnu6", "f887a30f-54b3-57f5-b1da-99159cac2791"),
    (("1234567890abc", "x"), "rejyaenwgdwm4", "92e93c20-3208-5874-8864-5f5cb8ebab5f"),
    (("A",), "vz2iyrrqxv4fs", "7caad06f-ff62-5c82-b2b4-dacb56c15ffc"),
    (("a" * 100,), "ociikhlrq236w", "4b15be0f-e8cb-5d47-9546-04a2f314c200"),
]
FAULTS = [
    ("[if(true(), fail('because'), 1)]", "because"),
    ("[parseCidr('10.0.0.0')]", "cannot read '10.0.0.0'"),
    ("[concat('a'", None),
    ("[concat('a')) ]", "follows the end"),
    # The portal's language has lambdas of this form; Resource Manager's does not.
    ("[map(createArray(1), (item) => item)]", "is not the start of a value"),
    ("[nothing()]", "there is no function nothing"),
    ("[toLower(1)]", "argument 1 of toLower is int"),
    ("[toLower()]", "does not accept 0 arguments"),
    ("[split('a')]", "does not accept 1 arguments"),
    ("[createObject('a')]", "alternating keys and values"),
    ("[createObject('a', 1).b]", "'b' is not in"),
    ("[createArray('a')[1]]", "1 is not in"),
    ("[if('true', 1, 2)]", "the condition of if is"),
    ("[json('{')]", "json cannot read"),
    ("[substring('abc', 2, 2)]", "substring from 2 to 4"),
    ("[resourceId('Microsoft.A/b/c', 'x')]", "needs 2 names"),
    ("[copyIndex()]", "there is no function copyindex"),
    ("[lambdaVariables('i')]", "there is no function lambdavariables"),
    ("[newGuid()]", "there is no function newguid"),
]


class Expressions(unittest.TestCase):
    def test_known_answers(self) -> None:
        for text, answer in ANSWERS:
            with self.subTest(text):
                self.assertEqual(resolve(text, Place().functions(), "here"), answer)

    def test_hashes_equal_those_of_resource_manager(self) -> None:
        for parts, unique, identity in HASHES:
            with self.subTest(parts):
                written = ", ".join(f"'{part}'" for part in parts)
                made = resolve(f"[createArray(uniqueString({written}), guid({written}))]", {}, "here")
                self.assertEqual(made, [unique, identity])

    def test_faults_name_their_place(self) -> None:
        for text, message in FAULTS:
            with self.subTest(text):
                if message is None:
                    # A text that does not end with a bracket is plain text.
                    self.assertEqual(resolve(text, {}, "here"), text)
                    continue
                with self.assertRaises(Fault) as caught:
                    resolve({"a": [text]}, Place().functions(), "here")
                self.assertIn(message, str(caught.exception))
                self.assertTrue(str(caught.exception).startswith("here.a[0]: "))

    def test_loops_work_wherever_templates_allow_them(self) -> None:
        template = {
            "parameters": {"many": {"type": "int", "defaultValue": 2}},
            "variables": {
                "copy": [
                    {"name": "names", "count": "[parameters('many')]", "input": "[concat('n', copyIndex('names', 1))]"}
                ]
            },
            "resources": [
                {
                    "type": "Microsoft.A/b",
                    "apiVersion": "1",
                    "name": "[variables('names')[copyIndex()]]",
                    "copy": {"name": "all", "count": "[length(variables('names'))]"},
                    "properties": {
                        "copy": [
                            {"name": "pairs", "count": 2, "input": "[add(mul(10, copyIndex()), copyIndex('pairs'))]"}
                        ]
                    },
                }
            ],
            "outputs": {"outputs": {"type": "array", "copy": {"count": 2, "input": "[variables('names')[copyIndex()]]"}}},
        }
        made = Deployment(template, {})
        outputs = [(one.name, one.body["properties"]["pairs"]) for one in made.resources]
        self.assertEqual(outputs, [("n1", [0, 1]), ("n2", [10, 11])])
        self.assertEqual(made.outputs, {"outputs": ["n1", "n2"]})

    def test_every_function_keeps_a_secret_secret(self) -> None:
        template = {
            "parameters": {"key": {"type": "securestring"}},
            "resources": [],
            "outputs": {
                "hidden": {"value": "[base64(concat('x', toLower(parameters('key'))))]"},
                "deep": {"value": "[createObject('a', createArray(split(parameters('key'), '-')))]"},
                "plain": {"value": "[empty(parameters('key'))]"},
            },
        }
        outputs = Deployment(template, {"key": "a-b"}).outputs
        known = {name: sorted(sources(value)) for name, value in outputs.items()}
        self.assertEqual(known, {"hidden": ["parameters.key"], "deep": ["parameters.key"], "plain": []})


if __name__ == "__main__":
    unittest.main()
