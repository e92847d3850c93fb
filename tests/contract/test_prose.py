"""Ordinary prose, verse and lists, whatever numbers they hold, are read as text, with all of their words."""

from __future__ import annotations

import re

import pytest

from clairiere.corpus.files.source_file import SourceFile
from clairiere.corpus.read import read_file, recognize
from clairiere.record import Document

TEXT_READERS = frozenset({"plain_text", "markdown", "sentence_list"})
SNIPPETS = (
    "Rendez-vous le 14 07 2020 matin",
    "Appelez le 06 12 34 56 78",
    "Jean Martin 12 3 rue Pasteur",
    "Jean Martin 12 3 rue Pasteur\nAnne Petit 14 5 quai Voltaire\nPaul Durand 16 8 avenue Foch\n",
    "Jean Martin 12 3 rue\nJean Martin 14 5 quai\nJean Martin 16 8 avenue\n",
    "Train Nantes 8.30 2.15 direct\nTrain Lyon 9.45 1.50 correspondance\nTrain Lille 10.10 1.05 direct\n",
    "Réunion du lundi 12.5 13.5 <reportée> à mardi",
    "Le bus 12 part à 8 h 05, le bus 14 à 8 h 20 et le bus 3 à 9 h.\n",
    "1 kg de farine\n3 œufs\n25 cl de lait\n1 pincée de sel\n",
    "1. Ouvrir le four.\n2. Beurrer le moule.\n3. Verser la pâte.\n",
    "- pain\n- beurre\n- confiture\n",
    "Ingrédients : farine, œufs, lait\nPréparation : mélanger\nCuisson : 20 minutes\n",
    (
        "Demain, dès l’aube, à l’heure où blanchit la campagne,\nJe partirai. Vois-tu, je sais que tu m’attends.\n"
        "J’irai par la forêt, j’irai par la montagne.\nJe ne puis demeurer loin de toi plus longtemps.\n"
    ),
    "Paris 2 148 271 habitants\nMarseille 870 731 habitants\nLyon 522 228 habitants\n",
    "Né à Tours en 1799 ; mort à Paris en 1850.\n\nIl écrivit, de 1829 à 1848, plus de 90 ouvrages.\n",
    "--- Bonjour, dit-il.\n--- Bonsoir, répondit-elle.\n",
    "<< Il fait froid, dit Paul, et il est tard. >>\n",
    "[Ce texte est une traduction.]\n\nIl était une fois, en 1830, un roi.\n",
    "00:15 départ\n01:30 arrivée\n02:45 retour\n",
    "@Paul : on se voit à 18 h 30 ? #demain\n",
    "* * *\n\nLe soir tombait. (Il riait.) {Il pleurait.}\n\n* * *\n",
    "# La liste\n\n# Les courses\n",
    "Le projet Gutenberg, ou Project Gutenberg, a publié son premier eBook en 1971.\nMichael Hart le créa.\n",
    "text, dit-il, et rien de plus\ntout, dit-elle, et rien de moins\n",
    "Texte | Prix\nPain | 1,20\nLait | 0,95\n",
    "c00001 est un code\n",
    "{Note : ceci est une accolade.}\nEt voici la suite.\n",
)


@pytest.mark.parametrize("name", ["note.txt", "note"])
@pytest.mark.parametrize("snippet", SNIPPETS)
def test_ordinary_text_keeps_all_of_its_words(snippet: str, name: str) -> None:
    file = SourceFile(name, snippet.encode())
    assert recognize(file).__name__.rpartition(".")[2] in TEXT_READERS
    documents = [item for item in read_file(file, None) if isinstance(item, Document)]
    said = " ".join(turn.text for document in documents for turn in document.turns)
    assert re.findall(r"\w+", said) == re.findall(r"\w+", snippet)
