<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" /><title>Compte rendu</title>
<link rel="home" href="http://www.assemblee-nationale.fr/"></head>
<body><ul><li><a href="/">Accueil</a></li></ul>
<div id="englobe"><h2 class="entete">Compte rendu<br>intégral</h2>
<h1 class="seance">Première séance du mardi 1er&nbsp;mars 2013</h1>
<div id="somjo"><p id="somtitjo">SOMMAIRE</p><p class="sommaigre"><a href="#I">Mme&nbsp;Lise Rivaud</a></p></div>
<h5 class="presidence"><b>Présidence de M.&nbsp;Jean Aubin</b></h5>
<p><i>(La séance est ouverte à quinze heures.)</i></p>
<h5 class="numencad"><b>1</b></h5>
<h2 class="titre1">Discussion des articles <i>(suite)</i></h2>
<p><b>M.&nbsp;le président</b>. La séance est ouverte.</p>
<p><a name="P1"></a><!-- AMEND_1 -->La parole est à Mme&nbsp;Rivaud.</p>
<p><a name="I"></a><b><!-- .http://x. --><a href="/tribun/1.asp">Mme&nbsp;Lise Rivaud, </a></b><i>rapporteure</i>. Elle lit <i>Alice</i>. <i>(Sourires.)</i> Puis l’article&nbsp;1<sup>er</sup>.<br>Fin.</p>
<p><i>(L’amendement est adopté.)</i></p>
<ul><p>Pour  69</p></ul>
<p><b>MM.&nbsp;Paul Roux</b>. Très bien&nbsp;!</p>
<p><b>M.&nbsp;Paul Roux. </b>…voilà&nbsp;!</p>
<table><tr><td><p>Tableau</p></td></tr></table>
</div><script>var x;</script></body></html>
