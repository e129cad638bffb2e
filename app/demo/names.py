"""Invented names of people from many places, and how they look in an e-mail address."""

from __future__ import annotations

import random
import re
import unicodedata

_FIRST_NAMES = """
Ada Adaeze Agnieszka Ahmed Aiko Aino Alejandro Alice Amara Amélie Ana Anders Andrei Anika Anjali
Antoine Aoife Arjun Astrid Ayşe Beatriz Ben Bilal Björn Bogdan Carlos Carmen Chen Chiara Chidi
Chloé Ciara Claire Daan Daniela Darius David Deepa Diego Dmitri Eero Ekaterina Elena Elif Emeka
Emma Enrique Eszter Ethan Farah Fatima Felix Femi Fiona Francesca Freja Gabriel Giulia Grace
Gustavo Hana Hannah Haruto Hassan Helena Henrik Hugo Ibrahim Ifeoma Imani Ines Ingrid Isabel Ivan
Jakub Jamal James Jana Javier Jin João Johanna Jonas Julia Kaito Karim Katarzyna Kavya Keanu Kenji
Khadija Kofi Kwame Lars Laszlo Layla Leila Leon Lin Linh Lucía Luca Mabel Malik Marek Maria Mateo
Maya Mei Mikael Milan Mina Minh Mohamed Naomi Nadia Ngozi Niamh Nikhil Nils Nina Noah Nour Olga
Oluwaseun Omar Oscar Otto Paola Pedro Petra Priya Quentin Rafael Rahul Rania Ravi Renée Rohan Rosa
Ruth Saanvi Salma Samuel Sanjay Sara Sebastián Selin Simon Sofia Soo Stefan Sunita Svetlana Takumi
Tamar Tariq Thabo Theo Thi Tomás Tuva Uma Valentina Vera Viktor Wanjiru Wei Xin Yara Yasmin Yuki
Yusuf Zainab Zoë Zuzana
"""
_LAST_NAMES = """
Abdi Abebe Adeyemi Aguilar Ahmadi Ahn Alvarez Andersson Arslan Asante Bakker Balogun Banerjee
Barbosa Becker Bianchi Björklund Blanc Borg Botha Boateng Castro Chandra Chaudhry Chukwu Cohen
Costa Das Delgado Demir Diallo Dubois Eriksen Esposito Farouk Fernández Fischer Fontaine Fraser
Fujita Gallagher Garcia Ghosh Gonzalez Goto Greco Gupta Haddad Hansen Hashimoto Herrera Horvat
Huang Hughes Ibarra Iyer Jansen Jensen Joshi Kamau Kaplan Kato Kaya Keller Khan Kim Kimura Kiss
Kovács Kowalska Kruger Kumar Lambert Laurent Le Lee Lehtonen Lindqvist Liu López Malhotra Mancini
Mbeki Mehta Mendes Meyer Moreau Mori Morris Müller Murphy Mwangi Nakamura Nair Nagy Ncube Nguyen
Nieminen Novák Nowak Nwosu O'Brien Ochieng Okafor Okonkwo Oliveira Osei Özdemir Park Patel Pereira
Petrov Pham Popescu Qureshi Rahman Ramírez Rao Reddy Rinaldi Rivera Rossi Rossini Saito Salah
Santos Sato Schmidt Schneider Shah Sharma Silva Singh Sokolov Souza Steiner Suzuki Takahashi Tan
Tanaka Thapa Torres Tran Tremblay Ueda Usman Varga Vargas Venter Virtanen Visser Vu Walsh Wang
Weber Wongsakul Wu Yamada Yang Yilmaz Zhang Zhou Zielinska
"""
_NOT_A_LETTER = re.compile("[^a-z]")


def local_part(name: str) -> str:
    """The part of an e-mail address before the @: ASCII letters only, `first.last`."""
    return ".".join(_NOT_A_LETTER.sub("", _plain(word)) for word in name.split(" "))


def invented_names(people: int, dice: random.Random) -> list[tuple[str, str]]:
    """(name, local part) of this many people; every local part differs.

    When a company is larger than there are pairs of names, the local part gets a number.
    """
    firsts, lasts = _FIRST_NAMES.split(), _LAST_NAMES.split()
    pairs = [f"{first} {last}" for first in firsts for last in lasts]
    dice.shuffle(pairs)
    return [
        (pairs[number % len(pairs)], _numbered(pairs[number % len(pairs)], number // len(pairs)))
        for number in range(people)
    ]


def _numbered(name: str, round_: int) -> str:
    return f"{local_part(name)}{round_ + 1 if round_ else ''}"


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKD", word.lower())
