"""Abbreviations, ordinals and first words by language: what a full stop may mean.

Entries are written without the full stop at their end and without spaces: "z.B" stands for "z. B.".
An entry that begins with a capital is only that ("Sat." is a day, "sat." ends a sentence); one that
begins with a small letter has any case. Both match a word in capitals.
"""

from __future__ import annotations

from dataclasses import dataclass


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True)
class Habits:
    """How a language writes what looks like the end of a sentence.

    Attributes:
        leading: Abbreviations that lead to what follows them: none ends a sentence.
        numbering: Abbreviations that lead to a number ("Fig. 2"), and are words otherwise.
        inner: Abbreviations that seldom end a sentence: they do before a word of `starters`.
        final: Abbreviations that end a sentence before any capital.
        starters: Words that begin sentences and are no names, in small letters.
        months: Names of months, in small letters.
        ordinals: Whether a full stop makes an ordinal of a number ("3. Mai").
        before_ordinals: Words after which a number with a full stop is an ordinal before a capital
            too ("im 19. Jahrhundert").
        verbs_last: Whether a verb ends each sentence, so that a number does not.
        nouns: Whether all nouns begin with a capital, so that a capital tells little.
        endings: Ends of abbreviations that are compounds ("Goethestr.").
        syllabic: Letters besides the vowels that make a syllable.
    """

    leading: frozenset[str] = frozenset()
    numbering: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()
    final: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    ordinals: bool = False
    before_ordinals: frozenset[str] = frozenset()
    verbs_last: bool = False
    nouns: bool = False
    syllabic: str = ""
    endings: tuple[str, ...] = ()


# What every language with the Latin script borrows, the titles above all.
_LEADING = _set(
    "Dr Drs Prof Mr Mrs Ms Mx Mme Mlle Messrs Capt Cmdr Cpl Gen Lt Lieut Maj Sgt Col Adm "
    "Gov Sen Rep Rev Hon Pres Supt Fr Ste Mt Ft Msgr Mgr Ing Dipl Dipl.-Ing Lic Sr.a i.e "
    "e.g cf viz ca approx vs v.s resp incl excl esp i.c"
)
_NUMBERING = _set(
    "No Nos Nr no nr vol vols fig figs Fig Figs eq eqs eqn eqns ed eds p pp pg pgs ch chap "
    "chs sec sect secs art arts par para paras tab tbl ref refs app cap lib tel Tel ext ver "
    "v vv ll fol nos n nn § §§ bd max min diam temp"
)
_INNER = _set("Jr Sr St Ph.D al ibid Bros cit loc.cit op.cit M.D")
_FINAL = _set("etc Inc Ltd Co Corp LLC Plc Ltda GmbH")

_ENGLISH = Habits(
    leading=_LEADING
    | _set(
        "Asst Atty Brig Cdr Comdr Ald Amb Insp Det Dir Eng Fr Hr Lt.Col Lt.Gen Maj.Gen Pfc Pvt "
        "Pte Ens Sec Treas Mfg Mlle Phys Chem Biol Med Sci Lett Proc Natl Acad Soc Math Int "
        "Trans Ann Appl Comput Bull Mech Nat Geophys Astron Astrophys Environ Psychol Clin Exp "
        "Mol Microbiol Biochem Biophys Immunol Pharmacol Neurosci Surg Hum Evol Ecol Econ Hist "
        "Rept Mag Quart Zool Bot Geol Hydrol Hydro Meteorol Oceanogr Commun Conf Symp Int'l "
        "Nat'l Fed Civ Crim Supp Cir App Dist Stat Reg Const Evid Bankr Ct Cl Am Amer Brit Eur "
        "Rev Res Univ Inst Dept Assn Comm'n Transf Theor Opt Mater Struct Syst Technol Ser "
        "Found Cryst Radiat Nucl Mar Sp adj adv anon avg cont'd dep equiv est freq govt misc "
        "orig pseud publ qt spp subsp transl viz ult c.f bef aft Abp Bp Archbp Edw Geo Wm Chas "
        "Jas Thos Robt Benj Alex w.r.t a.k.a f.k.a n.b translit Sam Chr Josh Ps Lev Deut Matt "
        "Isa Jer Ezek Cor Rom"
    ),
    numbering=_NUMBERING
    | _set(
        "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec lin lines vers verse Rm Apt Ste Bldg "
        "Flt Hwy Rte Rt Reg Lot Pt pt Art Op op Ord Amend amend cl subd subsec subs r reg sched "
        "suppl Suppl rev Rev ex Exh exh Ex qu Gr lat long ht wt dia alt temp deg bk bks pl pls Pl "
        "st"
    ),
    inner=_INNER
    | _set(
        "U.S U.K U.N E.U U.S.A U.S.S.R D.C L.A N.Y N.J B.C A.D B.C.E C.E Calif Mass Wash Penn "
        "Conn Tex Fla Ariz Colo Ind Kan Ky La Md Mich Minn Mo Mont Neb Nev Okla Ore Tenn Va Vt "
        "Wis Wyo Ala Ark Ga Ill Del Que Ont Alta Sask Man Ave Blvd Rd Sq Ln Pkwy Mon Tue Tues "
        "Wed Thu Thur Thurs Fri Sat Sun B.A M.A B.S M.S B.Sc M.Sc Esq Ph.D D.Phil Mfr Dept Jan "
        "Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec q.v s.v ed eds Hosp hosp"
    ),
    final=_FINAL | _set("a.m p.m A.M P.M et.al"),
    starters=_set(
        "the a it its he she they we i you his her their our your this that these those there "
        "here in on at by for from with without if when while after before since although "
        "though but and or yet then thus however therefore moreover furthermore meanwhile "
        "nevertheless also both each every some many most all none nobody nothing everybody "
        "everyone somebody what who whose why how where which another once only even still "
        "according during under over because unlike despite today now next finally first second "
        "third later please see use let is are was were can could would should did does do has "
        "have had don't isn't it's that's there's i'm we're you're they're as to of an not no "
        "until such several few further additionally other others nor rather instead perhaps "
        "maybe two three four five"
    ),
    months=_set(
        "january february march april may june july august september october november december"
    ),
)
_GERMAN = Habits(
    leading=_LEADING
    | _set(
        "z.B d.h u.U i.d.R i.A i.V i.S i.S.d i.S.v i.Z.m i.H.v m.E m.W o.g s.o s.u u.ä.m v.a "
        "z.T z.Zt z.Z b.w u.zw zzgl bzw bspw ggf gg sog insb insbes evtl evt eigtl eigentl "
        "einschl ausschl abzgl allg angebl bes betr bezgl bzgl d.i dgl dt ehem engl franz frz "
        "ital lat griech russ geb gen gest gegr gem gez hrsg Hrsg inkl exkl jew jmd kath ev lt "
        "lfd max min mind mtl jährl tägl monatl nördl südl östl westl niederl österr schweiz "
        "orig rd Rd sen jun staatl städt svw urspr usf u.d.T verh versch vgl Vgl vorm vors wg "
        "zw zus zuz rel Fa Fam Frl Hr Hrn Fr Stud Dir Obering Mag Dkfm Hptm Oblt Gfr Uffz Gen "
        "Reg St Sankt Rh Str Bhf Hbf ca cca Tsd s.a s.d vsl u.d.M ü.d.M ü.M med jur phil rer "
        "nat habil MwSt"
    ),
    numbering=_NUMBERING
    | _set(
        "Abs Art Nr Nrn Kap Abb Tab Bd Bde Anm Aufl Ausg Ziff Rn Rdnr Rz Tz S s Bl Jg H Hft Pos "
        "Lfg Lekt Teilbd Anl Anh Buchst lit Satz Jan Feb Febr Mär Apr Jun Jul Aug Sep Sept Okt "
        "Nov Dez Mio Mrd Tel Tsd Abschn Kl Gr Gl Vers Sp Z Fn Fußn"
    ),
    inner=_INNER
    | _set(
        "usw u.a u.ä u.dgl o.ä o.dgl etc ff f Mio Mrd Tsd Std Min Sek Stk St Jh Jhd Jhdt Jhs "
        "n.Chr v.Chr a.D i.R e.V m.b.H A.G Co Inc Ltd Jr Sr Str Pl Hg Mrz Jan Feb Febr Apr Aug "
        "Sept Okt Nov Dez Mo Di Mi Do Fr Sa So Tel Abt Univ Inst Verl Bearb Übers p.a p.P i.L "
        "d.J d.M v.H"
    ),
    starters=_set(
        "der die das den dem des ein eine einen einem einer er sie es wir ich ihr du man wer "
        "was wo wie wann warum weshalb dieser diese dieses diesen diesem jener jene jenes jeder "
        "jede jedes alle viele einige manche mehrere beide niemand jemand nichts und aber oder "
        "doch denn dann danach davor dabei dazu dafür dagegen darum deshalb daher deswegen "
        "trotzdem dennoch jedoch allerdings zudem außerdem ferner auch nur noch schon bereits "
        "heute gestern morgen jetzt nun hier dort da so als wenn weil obwohl während nachdem "
        "bevor seit bis in im am an auf aus bei beim durch für gegen mit nach ohne über um "
        "unter von vom vor wegen zu zum zur zwischen trotz laut sein seine seinen seiner ihre "
        "ihren ihrem ihrer unser unsere mein meine dein kein keine keinen nicht sowohl weder "
        "zuerst zuletzt später schließlich anschließend ist sind war waren hat haben wird "
        "werden kann können darf soll muss näheres weitere weiteres zwei drei vier fünf dies "
        "ebenso dadurch damit darin daran daraus bitte"
    ),
    months=_set(
        "januar jänner februar feber märz april mai juni juli august september oktober november "
        "dezember jan feb febr mär apr jun jul aug sep sept okt nov dez"
    ),
    ordinals=True,
    before_ordinals=_set(
        "der die das den dem des am im zum zur vom beim ins ans ab bis seit nach vor in an auf "
        "für mit von zu bei über unter um und oder sowie bzw ein eine einen einem einer eines "
        "jeder jede jedes jeden jedem sein seine seinen seinem seiner ihr ihre ihren ihrem "
        "ihrer unser unsere unseren unserem mein meine meinen meinem dein deine kein keine "
        "keinen dieser diese dieses diesen diesem jeweils erst zwischen gegen – -"
    ),
    endings=("str",),
    nouns=True,
)
_FRENCH = Habits(
    leading=_LEADING
    | _set(
        "M MM Mme Mmes Mlle Mlles Me Mgr Dr Pr Vve c.-à-d c.à.d p.ex ex env cf av apr boul bd "
        "chap coll dép éd édit fasc hab id ibid ill loc nbx obs par qqch qqn réf rééd s.v sq "
        "trad Gal Cal Col Cdt Cne Lt St Ste Bx N.-D adr tél arr dir hôp dr prof mme"
    ),
    numbering=_NUMBERING
    | _set(
        "n° N° no nº art al par alinéa chap vol t pl fig tabl p pp f ff liv tél L D R janv févr "
        "avr juil sept oct nov déc"
    ),
    inner=_INNER
    | _set(
        "J.-C S.A S.A.R.L S.A.S Cie Ets O.N.U U.E U.R.S.S É.-U apr.J.-C av.J.-C h min janv févr "
        "avr juil oct nov déc suiv"
    ),
    final=_FINAL | _set("etc"),
    starters=_set(
        "le la les l un une des du de il elle ils elles on nous vous je tu ce cet cette ces c "
        "c'est cela ça son sa ses leur leurs notre nos votre vos mon ma mes ton ta tes et mais "
        "ou or donc car puis ensuite enfin ainsi alors aussi cependant toutefois pourtant "
        "néanmoins après avant pendant depuis dans en à au aux sur sous par pour avec sans chez "
        "entre vers selon malgré lorsque quand si comme bien quoique parce puisque qui que quoi "
        "où comment pourquoi chaque tout toute tous toutes plusieurs certains certaines aucun "
        "aucune personne rien aujourd'hui hier demain maintenant ici là d'abord d' d'autres il' "
        "qu' qu'il deux trois quatre cinq n' ne"
    ),
    months=_set(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    ),
)
_SPANISH = Habits(
    leading=_LEADING
    | _set(
        "Sr Sra Srta Sres Sras D Dª Dña Da Dn Dr Dra Dres Prof Profa Lic Ing Arq Gral Cnel Cap "
        "Tte Mons Pbro Fr Sto Sta S Excmo Excma Ilmo Ilma Rvdo Ud Uds Vd Vds p.ej p.e v.g v.gr "
        "aprox ca máx mín núm pról trad ed coord comp dir depto dpto Avda Av Avd Pza Plza Pº C "
        "ctra Bº urb edif tel tfno telf esq admón gob adj art EE RR HH FF CC JJ dr dra sr sra "
        "srta prof lic ing gral"
    ),
    numbering=_NUMBERING
    | _set(
        "núm núms Núm art arts cap caps pág págs p vol t tomo fig figs tab lám n.º nº N.º apdo "
        "ap párr inc tel tfno ene feb mar abr may jun jul ago sept oct nov dic aprox"
    ),
    inner=_INNER
    | _set("EE.UU a.C d.C S.A S.L S.A.S C.V R.L Cía Hnos Jr izq dcha h hs min seg km ss sigs"),
    final=_FINAL | _set("etc a.m p.m"),
    starters=_set(
        "el la los las lo un una unos unas él ella ellos ellas yo tú usted ustedes nosotros "
        "este esta estos estas ese esa esos esas aquel aquella esto eso su sus mi mis tu tus "
        "nuestro nuestra se me te nos le les y pero o sino aunque porque pues así entonces "
        "luego después antes mientras cuando si como donde quien que qué cuál cómo por para con "
        "sin de del desde hasta en entre sobre según durante tras a al ante bajo contra hoy "
        "ayer mañana ahora aquí allí también tampoco además embargo no ni nunca nadie nada todo "
        "toda todos todas cada muchos muchas algunos algunas otro otra otros otras dos tres "
        "cuatro cinco más fue es son era hay ha han había"
    ),
    months=_set(
        "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre "
        "noviembre diciembre"
    ),
)
_ITALIAN = Habits(
    leading=_LEADING
    | _set(
        "Sig Sigg Sig.ra Sig.na Sig.re Dott Dott.ssa Dr.ssa Prof Prof.ssa Avv Ing Arch Geom Rag "
        "On Sen Gen Col Cap Ten Mons Don S Ss Spett Egr Gent Gent.mo Ill.mo p.es per.es es "
        "ad.es cfr cf ca circa vd v trad cur dir pres min max tel ind l.go p.za c.so v.le F.lli "
        "Fratelli dott dott.ssa sig sigg sig.ra avv ing arch geom prof prof.ssa dr soc"
    ),
    numbering=_NUMBERING
    | _set(
        "n nn num art artt cap capp pag pagg p pp vol voll t fig figg tab tav par co comma lett "
        "tel gen feb mar apr mag giu lug ago set sett ott nov dic"
    ),
    inner=_INNER | _set("a.C d.C S.p.A S.r.l S.n.c S.a.s sgg segg sec h"),
    final=_FINAL | _set("ecc etc"),
    starters=_set(
        "il lo la i gli le l l' un uno una egli lui lei loro noi voi io tu essa esso essi "
        "questo questa questi queste quello quella quelli quelle ciò suo sua suoi sue mio mia "
        "nostro nostra vostro si ci mi ti ne e ed ma o però perché poiché quindi dunque così "
        "allora poi dopo prima mentre quando se come dove chi che cosa quale per con senza di "
        "del della dei degli delle da dal dalla dai in nel nella nei nelle su sul sulla tra fra "
        "a al alla ai alle oggi ieri domani ora qui là anche inoltre tuttavia non né mai "
        "nessuno niente tutto tutti ogni molti molte alcuni alcune altri altre due tre quattro "
        "cinque è sono era erano ha hanno infine secondo durante"
    ),
    months=_set(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
        "dicembre"
    ),
)
_PORTUGUESE = Habits(
    leading=_LEADING
    | _set(
        "Sr Sra Srs Sras Srta D Dr Dra Drs Prof Profa Prof.ª Prof.a Eng Eng.º Enga Arq Adv Cap "
        "Cel Gen Maj Ten Sgto Pe Fr Sto Sta S Exmo Exma Ilmo V.Ex.ª V.Exa p.ex v.g aprox ca máx "
        "mín ed org trad coord Av R Pça Pç Trav Rod Lgo tel apto dr dra sr sra prof profa eng"
    ),
    numbering=_NUMBERING
    | _set(
        "n.º nº N.º n.os núm art arts cap caps pág págs p pp vol vols t fig figs tab inc par "
        "tel jan fev mar abr mai jun jul ago set out nov dez"
    ),
    inner=_INNER | _set("a.C d.C S.A Cia E.U.A EUA h min ss segs Jr"),
    final=_FINAL | _set("etc Ltda"),
    starters=_set(
        "o a os as um uma uns umas ele ela eles elas eu tu você vocês nós este esta estes estas "
        "esse essa esses essas aquele aquela isto isso seu sua seus suas meu minha nosso nossa "
        "se me e mas ou porém porque pois assim então depois antes enquanto quando como onde "
        "quem que qual por para com sem de do da dos das desde até em no na nos nas entre sobre "
        "segundo durante após ao à aos às hoje ontem amanhã agora aqui ali também além não nem "
        "nunca ninguém nada tudo todo toda todos todas cada muitos muitas alguns algumas outro "
        "outra outros outras dois duas três quatro cinco mais foi é são era há tem"
    ),
    months=_set(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
    ),
)
_DUTCH = Habits(
    leading=_LEADING
    | _set(
        "dhr mevr mw mej hr Dhr Mevr Mw mr Mr ir Ir ing Ing drs Drs dr Dr prof Prof ds Ds jhr "
        "mgr Mgr st St bijv bv d.w.z d.i m.a.w m.n m.b.t m.b.v i.p.v i.v.m i.t.t i.h.b i.c "
        "n.a.v n.l nl o.a o.b.v o.l.v o.m o.i.d t.a.v t.b.v t.g.v t.o.v t.w.v t.z.t v.w.b z.g "
        "zgn zog vnl vgl ca circa evt resp incl excl inz nml t.n.v jl ong max min aang afz "
        "event gem geb gest red vert vlg v.d v.h"
    ),
    numbering=_NUMBERING
    | _set(
        "nr nrs art artt lid blz p pag pp hfst hoofdst afb fig tab bijl dl vol jrg par tel jan "
        "feb mrt apr jun jul aug sep sept okt nov dec"
    ),
    inner=_INNER | _set("e.d e.a e.v a.d n.Chr v.Chr n.C v.C jr sr B.V N.V V.O.F mln mld"),
    final=_FINAL | _set("enz etc e.d e.a"),
    starters=_set(
        "de het een hij zij ze wij we ik jij je u jullie dit dat deze die er zijn haar hun ons "
        "onze mijn uw en maar of want dus dan toen daarna daarvoor daarom echter toch ook nog "
        "nu vandaag gisteren morgen hier daar in op aan bij met van voor na naar uit over onder "
        "tegen tussen door om tot sinds tijdens volgens zonder als wanneer terwijl omdat hoewel "
        "nadat voordat wie wat waar waarom hoe welke elke alle veel sommige niemand niets "
        "iemand is was waren heeft hebben had kan kunnen mag moet twee drie vier vijf geen niet "
        "bovendien"
    ),
    months=_set(
        "januari februari maart april mei juni juli augustus september oktober november december"
    ),
    endings=("str",),
)
_SWEDISH = Habits(
    leading=_LEADING
    | _set(
        "t.ex tex bl.a bla d.v.s dvs s.k p.g.a pga m.a.o fr.o.m t.o.m f.d f.n i.st inkl exkl "
        "resp jfr jmf ca c:a ung hr fru frk kl Kl utg övers red f.ö å.s.v enl gm dr Dr prof "
        "Prof ing doc särsk urspr sv eng ty högst min max avd"
    ),
    numbering=_NUMBERING
    | _set(
        "nr art kap s sid sidd st mom fig tab bil bd vol jan feb mar apr jun jul aug sep sept "
        "okt nov dec tel kl f ff"
    ),
    inner=_INNER | _set("f.Kr e.Kr milj md mkr kr st tim min sek"),
    final=_FINAL | _set("etc osv o.s.v m.m mm m.fl mfl o.d od o.dyl e.dyl"),
    starters=_set(
        "en ett han hon det den de vi jag du ni man denna detta dessa där här hans hennes deras "
        "dess vår vårt min mitt din er och men eller för så då sedan därefter därför dock ändå "
        "också även nu idag igår imorgon i på av till från med utan om under över vid efter "
        "före mellan mot enligt genom hos när medan eftersom trots att vem vad var varför hur "
        "vilken vilka alla många några varje ingen inget inga är har hade kan ska två tre fyra "
        "fem inte"
    ),
    months=_set(
        "januari februari mars april maj juni juli augusti september oktober november december"
    ),
)
_DANISH = Habits(
    leading=_LEADING
    | _set(
        "f.eks feks fx bl.a d.v.s dvs s.k såk p.g.a pga mht m.h.t ift i.f.t mhp ca c jf jfr jvf "
        "evt inkl ekskl hhv hr fr frk dr Dr prof Prof lic cand mag civ.ing kgl sml iflg ifm "
        "ifbm i.e opr overs red udg tlf vedr vha v.h.a pr nuv tidl nærv adm dir afd alm egl fhv"
    ),
    numbering=_NUMBERING
    | _set(
        "nr art kap s sd stk pkt § fig tab bd bind bil jan feb mar apr jun jul aug sep sept okt "
        "nov dec tlf kl litra"
    ),
    inner=_INNER | _set("f.Kr e.Kr f.v.t e.v.t mio mia kr stk t min sek A/S ApS"),
    final=_FINAL | _set("etc osv o.s.v m.m mm m.fl mfl m.v mv o.l ol o.lign e.l el"),
    starters=_set(
        "en et han hun det den de vi jeg du i man denne dette disse der her hans hendes deres "
        "dens dets vores vor min mit din og men eller for så da derefter derfor dog alligevel "
        "også nu idag på af til fra med uden om under over ved efter før mellem mod ifølge "
        "gennem hos når mens fordi selvom trods at hvem hvad hvor hvorfor hvordan hvilken "
        "hvilke alle mange nogle hver ingen intet er har havde kan skal to tre fire fem ikke "
        "som siden dersom hvis"
    ),
    months=_set(
        "januar februar marts mars april maj mai juni juli august september oktober november "
        "december desember"
    ),
    ordinals=True,
)
_NORWEGIAN = Habits(
    leading=_DANISH.leading
    | _set("f.eks bl.a dvs pga mtp m.t.p ifm ift evt såkalt nåv hr fru frk ang herav inkl"),
    numbering=_DANISH.numbering | _set("des mar ledd bokst"),
    inner=_DANISH.inner | _set("mill mrd kr"),
    final=_DANISH.final | _set("osv mm m.m o.l el.l mv"),
    starters=_DANISH.starters
    | _set("ei jeg hun dere deres vår vårt etter før mellom mot hvis når fordi fra nå i dag ikke"),
    months=_DANISH.months,
    ordinals=True,
)
_FINNISH = Habits(
    leading=_LEADING
    | _set(
        "esim ns ts t.s eli ent ks vrt n noin nk tri prof Prof maist fil yliop hra rva nti toim "
        "suom engl ruots lat alk puh os synt k.o ko em ed kts vast tk klo Klo mahd tod.näk mm"
    ),
    numbering=_NUMBERING | _set("nro s siv luku kuva taul art mom kpl v klo puh tel"),
    inner=_INNER | _set("eKr jKr e.Kr j.Kr milj mrd tuh eaa jaa v kpl os"),
    final=_FINAL | _set("jne ym yms j.n.e y.m y.m.s tms t.m.s"),
    starters=_set(
        "hän he se ne tämä nämä tuo nuo minä sinä me te ja mutta tai vaan sillä koska kun jos "
        "vaikka että joka jotka siellä täällä tässä siinä sitten silti myös lisäksi kuitenkin "
        "nyt tänään eilen huomenna mikä kuka missä miksi miten kaikki monet jotkut kukaan ei "
        "eivät on oli ovat kaksi kolme neljä viisi ennen jälkeen niin näin"
    ),
    months=_set(
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
        "syyskuuta lokakuuta marraskuuta joulukuuta tammikuu helmikuu maaliskuu huhtikuu "
        "toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu"
    ),
    ordinals=True,
)
_CZECH = Habits(
    leading=_LEADING
    | _set(
        "např tzn tzv tj t.j t.zn t.č resp popř příp cca ca kupř vč vl ev p pí sl dr Dr prof "
        "Prof doc Doc ing Ing Mgr mgr Bc bc JUDr MUDr PhDr RNDr PaedDr MVDr PharmDr ThDr arch "
        "akad gen plk mjr kpt npor por sv Sv srov zejm zvl angl něm franc lat tel nám ul n.p kr "
        "red přel vyd čj č.j č.p tř stol mj m.j pozn autor odd min max"
    ),
    numbering=_NUMBERING
    | _set(
        "č čís čl odst písm par str s sv roč kap obr tab příl bod r l n st led únor břez dub "
        "květ červ srp září říj list pros tel"
    ),
    inner=_INNER
    | _set(
        "n.l př.n.l po.Kr př.Kr s.r.o a.s v.o.s k.s o.p.s z.s mil mld tis Kč hod min r st stol let"
    ),
    final=_FINAL | _set("atd apod aj atp a.s s.r.o"),
    starters=_set(
        "ten ta to ti ty on ona ono oni já vy my tento tato toto tyto tam tady zde jeho její "
        "jejich náš naše můj moje svůj a ale nebo však avšak proto protože tedy tak pak potom "
        "poté když jestliže pokud jestli přestože ačkoli zatímco kdo co kde kdy proč jak jaký "
        "jaká který která které v ve na do z ze s se k ke o u od pro po při před za mezi podle "
        "během bez nad pod dnes včera zítra nyní teď také ještě už již jen všichni všechny "
        "každý každá mnoho někteří nikdo nic je jsou byl byla bylo byli má mají dva tři čtyři "
        "pět není i"
    ),
    months=_set(
        "ledna února března dubna května června července srpna září října listopadu prosince "
        "leden únor březen duben květen červen červenec srpen říjen listopad prosinec"
    ),
    ordinals=True,
    syllabic="rl",
)
_SLOVAK = Habits(
    leading=_CZECH.leading
    | _set(
        "napr tzn tzv t.j tj resp príp cca vrát č.j nám ul sv Sv por porov pozn zvl p tr MUDr "
        "JUDr PhDr RNDr Ing Mgr Bc doc prof angl nem"
    ),
    numbering=_CZECH.numbering | _set("č čl ods písm par str s zv roč kap obr tab príl bod r tel"),
    inner=_CZECH.inner | _set("n.l pred.Kr po.Kr s.r.o a.s mil mld tis hod min r"),
    final=_CZECH.final | _set("atď apod a.pod ai a.i"),
    starters=_CZECH.starters
    | _set(
        "ten tá to tí tie on ona ono oni ja vy my tento táto toto títo tieto tam tu jeho jej "
        "ich náš naša môj moja a ale alebo však preto pretože teda tak potom keď ak hoci zatiaľ "
        "kto čo kde kedy prečo ako aký ktorý ktorá v vo na do zo so k ku o u od pre po pri pred "
        "za medzi podľa počas bez dnes včera zajtra teraz tiež ešte už len všetci každý mnoho "
        "nikto nič je sú bol bola bolo boli má majú dva tri štyri päť nie aj"
    ),
    months=_set(
        "januára februára marca apríla mája júna júla augusta septembra októbra novembra "
        "decembra január február marec apríl máj jún júl august september október november "
        "december"
    ),
    ordinals=True,
    syllabic="rlŕĺ",
)
_POLISH = Habits(
    leading=_LEADING
    | _set(
        "np tzn tzw tj t.j m.in ok ca dr Dr prof Prof doc hab mgr Mgr inż Inż gen płk ppłk mjr "
        "kpt por ppor sierż ks Ks bp abp kard św Św ul Ul al Al pl Pl os zob cyt red wyd tłum "
        "oprac pt p.t ds dot im jw j.w właśc wg zwł ang niem franc łac ros ww w.w pow woj gm "
        "m.st adw arch bł hr p śp s.p ew pn płn płd wsch zach tel"
    ),
    numbering=_NUMBERING
    | _set(
        "nr art ust pkt lit par s str t tom rozdz rys tab zał poz ryc wiersz sygn kl sty lut "
        "mar kwi maj cze lip sie wrz paź lis gru tel godz w r l.dz Dz.U"
    ),
    inner=_INNER
    | _set(
        "n.e p.n.e r w mln mld tys zł gr godz min sek szt ha sp.z.o.o z.o.o S.A o.o s.c r.ż w.w"
    ),
    final=_FINAL | _set("itd itp in t.d t.p"),
    starters=_set(
        "ten ta to ci te on ona ono oni one ja ty my wy tam tu tutaj jego jej ich nasz nasza "
        "mój moja swój i a ale lub albo jednak więc zatem dlatego ponieważ gdy kiedy jeśli "
        "jeżeli choć chociaż podczas potem następnie później wtedy kto co gdzie dlaczego jak "
        "jaki jaka który która które w we na do z ze o u od dla po przy przed za między według "
        "bez nad pod dziś dzisiaj wczoraj jutro teraz także również też jeszcze już tylko "
        "wszyscy wszystkie każdy każda wiele niektórzy nikt nic jest są był była było byli ma "
        "mają dwa trzy cztery pięć nie ponadto obecnie"
    ),
    months=_set(
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
        "listopada grudnia"
    ),
    ordinals=True,
)
_HUNGARIAN = Habits(
    leading=_LEADING
    | _set(
        "pl ún ill illetv kb ca vö ld dr Dr prof Prof özv ifj id szül Szt szt gr br ker főv krt "
        "tér mb uo vmint biz fszt eml mgr ford szerk"
    ),
    numbering=_NUMBERING
    | _set(
        "sz o old lap köt évf fej ábr tábl bek pont par cikk törv jan febr márc ápr máj jún júl "
        "aug szept okt nov dec tel"
    ),
    inner=_INNER | _set("i.e i.sz Kr.e Kr.u kft Kft Zrt Rt Bt Nyrt m db ft Ft sz u út"),
    final=_FINAL | _set("stb s.t.b"),
    starters=_set(
        "a az egy ő ők én te mi ti ez azok ezek itt ott és de vagy hanem mert ha mikor amikor "
        "míg bár noha azonban ezért tehát majd aztán ezután később most ma tegnap holnap is "
        "csak még már minden sok néhány senki semmi ki hol miért hogyan milyen melyik van volt "
        "vannak voltak nem két három négy öt így úgy akkor továbbá"
    ),
    months=_set(
        "január február március április május június július augusztus szeptember október "
        "november december jan febr márc ápr máj jún júl aug szept okt nov dec"
    ),
    ordinals=True,
)
_ROMANIAN = Habits(
    leading=_LEADING
    | _set(
        "dl dna d-na d-l d-ra dr Dr prof Prof ing Ing arh av conf lect acad gen col lt maj cpt "
        "sf Sf Pr str Str bd Bd bul șos sos al ap bl sc et jud com mun or de.ex ex cca ca cf "
        "aprox v vz trad ed coord resp incl P.S tel nr.crt"
    ),
    numbering=_NUMBERING
    | _set(
        "nr art alin lit pct pag p vol cap fig tab anexa ian feb mart apr iun iul aug sept oct "
        "nov dec tel"
    ),
    inner=_INNER | _set("î.Hr d.Hr î.e.n e.n S.A S.R.L S.C mil mld ha"),
    final=_FINAL | _set("etc ș.a ș.a.m.d s.a ş.a"),
    starters=_set(
        "un o el ea ei ele eu tu noi voi acest această acești aceste acel acea acolo aici lui "
        "său sa lor nostru meu și dar sau însă ci deci astfel apoi după înainte când dacă deși "
        "pentru deoarece fiindcă cine ce unde de cum care în din la pe cu fără despre spre "
        "către prin între sub peste conform azi astăzi ieri mâine acum asemenea tot toți toate "
        "fiecare mulți multe unii unele nimeni nimic este sunt era erau are au a fost doi două "
        "trei patru cinci nu totuși"
    ),
    months=_set(
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie "
        "noiembrie decembrie"
    ),
)
_TURKISH = Habits(
    leading=_LEADING
    | _set(
        "Dr Prof Doç Yrd Av Sn Öğr Gör Arş Uzm Op Müh Mim Gen Alb Yb Bnb Yzb Ütğm Hz St örn ör "
        "bkz Bkz krş yak yakl Cad Cd Sok Sk Mah Mh Bul Blv Apt Tel a.g.e a.g.m haz çev ed d ö "
        "İng Fr Alm Ar Far Yun Lat T.C M.Ö M.S İ.Ö İ.S"
    ),
    numbering=_NUMBERING
    | _set(
        "no No s sf ss syf c cilt md mad böl fık bent şek tab sa tel Oca Şub Mar Nis May Haz "
        "Tem Ağu Eyl Eki Kas Ara"
    ),
    inner=_INNER | _set("A.Ş Ltd Şti A.B.D yy TL dk sa sn km Inc Co"),
    final=_FINAL | _set("vb vs vd v.b v.s v.d"),
    starters=_set(
        "bu şu o onlar biz siz ben sen bunlar şunlar bir ve ama fakat ancak veya ya çünkü eğer "
        "ise sonra daha önce şimdi bugün dün yarın burada orada ayrıca da de böylece yine hâlâ "
        "her bütün tüm birçok bazı hiç kimse kim ne nerede neden niçin nasıl hangi onun onların "
        "bizim iki üç dört beş ilk son için göre kadar gibi değil var yok"
    ),
    months=_set("ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"),
    ordinals=True,
    verbs_last=True,
)
_VIETNAMESE = Habits(
    leading=_LEADING
    | _set(
        "TP Tp tp TS ThS PGS GS BS KS CN Th.S TS.KH ThS.BS GS.TS PGS.TS Q P H TX Tx TT ĐC đ/c "
        "vd Vd VD v.d X ĐT đt"
    ),
    numbering=_NUMBERING | _set("số tr trg t q p tập ch đ k kh mục Đ"),
    inner=_INNER | _set("TCN SCN tr"),
    final=_FINAL | _set("v.v vv v.v.v"),
    starters=_set(
        "anh chị em ông bà họ nó tôi chúng ta tớ bạn đây đó này khi nếu vì nên nhưng và hoặc "
        "tuy sau trước trong ngoài trên dưới tại từ đến với cho theo các những một hai ba bốn "
        "năm mọi mỗi nhiều không có là được đã sẽ đang cũng vẫn còn hôm hiện do bởi"
    ),
)
_INDONESIAN = Habits(
    leading=_LEADING
    | _set(
        "Bpk Sdr Sdri Tn Ny Nn Drs Dra Ir H Hj K.H KH Tgk dr Dr drg Prof Jl Jln Jend Letjen "
        "Mayjen Kol Kapt Gg Kel Kec Kab Prov a.n u.b u.p d.a y.l yl ybs tsb a.l Rp S.H S.E M.Si "
        "S.Pd M.M St"
    ),
    numbering=_NUMBERING | _set("no hlm hal hl jil bab ps ay gbr tab lamp tlp telp pkl Rp"),
    inner=_INNER | _set("Tbk PT CV S.H S.E S.Pd M.Si M.M M.Pd S.Kom S.T M.T M.Hum"),
    final=_FINAL | _set("dll dsb dst dkk d.l.l d.s.b"),
    starters=_set(
        "ini itu ia dia mereka kami kita saya aku anda beliau para sang si dan tetapi tapi atau "
        "namun karena sebab jika kalau bila ketika saat setelah sebelum sejak selama sementara "
        "meskipun walaupun agar supaya untuk dengan tanpa dari di ke pada dalam oleh antara "
        "menurut bagi sebagai seperti sekarang kemarin besok hari kini kemudian lalu juga "
        "selain bahkan setiap semua banyak beberapa tidak bukan ada adalah sudah telah akan "
        "masih siapa apa mana mengapa bagaimana satu dua tiga empat lima"
    ),
)
_RUSSIAN = Habits(
    leading=_set(
        "т.е т.к т.н т.о т.наз напр ср см соотв св ок прибл гр гр-н г-н г-жа проф Проф акад доц "
        "канд инж ген полк подп кап лейт ул Ул пер просп пл наб бул ш д кв корп стр обл р-н пос "
        "дер с.-х тел Тел факс англ фр лат греч рус изд ред сост под.ред отв вып авт букв о-в "
        "Св преп архиеп еп прот иером имп кн вел.кн нач зам зав гл в.т.ч в.ч вкл искл ум род"
    ),
    numbering=_set(
        "№ ур рис табл гл ст п пп ч т тт стр с разд прил абз подп вып кн лит оп д кв корп тел янв "
        "февр мар апр июн июл авг сент сен окт нояб ноя дек около"
    ),
    inner=_set("г гг в вв н.э до.н.э р.х а.с и.о о у.е янв февр апр авг сент окт нояб дек им"),
    final=_set("т.д т.п др пр проч тыс млн млрд трлн руб коп долл чел экз шт мин сек"),
    starters=_set(
        "он она оно они я ты мы вы это этот эта эти тот та те там тут здесь его её ее их наш "
        "наша мой моя свой и а но или однако поэтому потому так затем потом тогда когда если "
        "хотя пока чтобы как что кто где почему какой какая который которая в во на до из с со "
        "к ко о об у от для по при перед за между под над без через после время согласно "
        "сегодня вчера завтра сейчас теперь также тоже ещё еще уже только все всё каждый каждая "
        "многие некоторые никто ничего был была было были есть имеет не ни два две три четыре "
        "пять кроме впоследствии позже позднее ранее"
    ),
    months=_set(
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
    ),
)
_UKRAINIAN = Habits(
    leading=_RUSSIAN.leading
    | _set(
        "т.т напр пор див п проф акад доц ім вул Вул пров просп пл бул буд кв обл р-н смт с тел "
        "англ нім фр лат ред упоряд св ген полк т.зв т.ч бл прибл"
    ),
    numbering=_RUSSIAN.numbering
    | _set(
        "№ рів рис табл гл ст п пп ч т тт с стор розд дод абз вип кн січ лют бер квіт трав черв "
        "лип серп вер жовт лист груд"
    ),
    inner=_RUSSIAN.inner | _set("р рр ст н.е до.н.е"),
    final=_RUSSIAN.final | _set("ін т.ін т.д т.п грн коп тис млн млрд хв год"),
    starters=_RUSSIAN.starters
    | _set(
        "він вона воно вони я ти ми ви це цей ця ці той та ті там тут його її їх наш наша мій "
        "моя і й але або проте однак тому бо так потім тоді коли якщо хоча поки щоб як що хто "
        "де чому який яка у в на до з із зі к о про від для по при перед за між під над без "
        "через після час згідно сьогодні вчора завтра зараз тепер також теж ще вже лише тільки "
        "всі усі кожен кожна багато деякі ніхто нічого був була було були є має не ні два дві "
        "три"
    ),
    months=_set(
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"
    ),
)
_BULGARIAN = Habits(
    leading=_RUSSIAN.leading
    | _set(
        "т.е т.н т.нар напр вж срв ок д-р проф доц инж акад ген полк ул бул пл жк ж.к кв бл вх "
        "ап обл общ гр с св тел англ нем фр лат ред изд прев г-н г-жа арх"
    ),
    numbering=_RUSSIAN.numbering | _set("№ фиг табл гл чл ал т стр с разд прил кн бр"),
    inner=_RUSSIAN.inner | _set("г в пр.н.е сл.н.е пр.Хр сл.Хр"),
    final=_RUSSIAN.final | _set("т.н др лв ст хил млн млрд мин"),
    starters=_RUSSIAN.starters
    | _set(
        "той тя то те аз ти ние вие това този тази тези онзи там тук неговият и но или обаче "
        "затова защото така после след когато ако въпреки докато за да как какво кой къде защо "
        "във на до от със към по при преди зад между под над без през според днес вчера утре "
        "сега също още вече само всички всеки много някои никой нищо е са беше бяха има не"
    ),
    months=_set(
        "януари февруари март април май юни юли август септември октомври ноември декември"
    ),
)
_GREEK = Habits(
    leading=_set(
        "π.χ δηλ βλ πρβλ κ κα κ.κ κος Δρ δρ Καθ καθ Αγ λ.χ τ.χ ο.π λεωφ οδ Λεωφ πλ τηλ Τηλ στρ "
        "μτφρ επιμ εκδ περ ιδ συμπ σχετ Στρ Ταξ Σμχος Αντ Ι.Μ Ι.Ν"
    ),
    numbering=_set(
        "αρ αριθ άρθ άρθρ παρ σ σσ σελ τ τομ τόμ κεφ εικ πιν σχ τεύχ τηλ φ ν Ν Ιαν Φεβ Μαρ Απρ Μαΐ "
        "Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ"
    ),
    inner=_set("μ.Χ π.Χ π.μ μ.μ Α.Ε Ε.Π.Ε εκ χιλ δισ εκατ ευρ αι τ.μ χλμ"),
    final=_set("κ.λπ κλπ κ.ά κ.α κτλ κ.τ.λ κ.ο.κ"),
    starters=_set(
        "ο η το οι τα τον την του της των ένας μια ένα αυτός αυτή αυτό αυτοί αυτές αυτά εγώ εσύ "
        "εμείς εσείς εκεί εδώ και αλλά ή όμως επομένως άρα έτσι τότε μετά πριν όταν αν εάν ενώ "
        "επειδή γιατί ποιος ποια τι πού πώς σε στο στη στην στον στα από με χωρίς για προς κατά "
        "μέχρι σήμερα χθες αύριο τώρα επίσης ακόμη μόνο όλοι όλα κάθε πολλοί μερικοί κανείς "
        "τίποτα είναι ήταν έχει δεν δύο τρεις τέσσερις πέντε"
    ),
    months=_set(
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου "
        "οκτωβρίου νοεμβρίου δεκεμβρίου"
    ),
)
# Scripts without capitals: every letter may begin a sentence, so the lists have to be right.
_ARABIC = Habits(
    leading=_set("د أ أ.د ا.د م.م ش ص.ب ت ط ج ق د.ت مج تح س.ت اهـ ف ن أ.م.د ع ر"),
    numbering=_set("ص ص.ص ج مج ع رقم ق ط س ت هاتف ف"),
    inner=_set("ق.م ب.م"),
    final=_set("م هـ إلخ الخ ه"),
)
_PERSIAN = Habits(
    leading=_set("د م ر ر.ک رک ج ص ق س ت آ"),
    numbering=_set("ص صص ج ش شماره ت م"),
    inner=_set("ق.م ب.م ه.ش ه.ق"),
    final=_set("و.غیره غیره"),
)
_HEBREW = Habits(
    leading=_set("ד\"ר פרופ עמ' ר מס"),
    numbering=_set("עמ מס ס סע כרך"),
    final=_set("וכו וכד"),
)
_HINDI = Habits(
    leading=_set(
        "डॉ डा डाॅ श्री श्रीमती सुश्री कु प्रो पं मो सं स्व चौ ले ले.कर्नल न्या एड इंजी उदा ए "
        "बी सी डी ई एफ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड "
        "जेड अ.भा मु ज़ि जि ता पो रा"
    ),
    numbering=_set("रु रू सं क्र नं पृ अ.सं धारा भाग खं अनु ई सन् फो मो दू"),
    inner=_set("ई.पू कि.मी कि.ग्रा मी से.मी मि.मी ग्रा लि ई बी.ए एम.ए पी.एच.डी"),
    final=_set("इत्यादि आदि"),
)
_BENGALI = Habits(
    leading=_set(
        "ড ডা ডাঃ মো মোঃ মি মিসেস প্রফে প্রো শ্রী শ্রীমতী এ বি সি ডি ই এফ জি এইচ আই জে কে এল এম "
        "এন ও পি কিউ আর এস টি ইউ ভি"
    ),
    numbering=_set("নং পৃ খ্রি খ্রিঃ টা"),
    inner=_set("কি.মি খ্রি সে.মি"),
)
_KOREAN = Habits(numbering=_NUMBERING | _set("제 쪽 권 호"), verbs_last=True)

_BY_LANGUAGE = {
    "en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH, "it": _ITALIAN,
    "pt": _PORTUGUESE, "nl": _DUTCH, "sv": _SWEDISH, "da": _DANISH, "nb": _NORWEGIAN,
    "fi": _FINNISH, "cs": _CZECH, "sk": _SLOVAK, "pl": _POLISH, "hu": _HUNGARIAN,
    "ro": _ROMANIAN, "tr": _TURKISH, "vi": _VIETNAMESE, "id": _INDONESIAN, "ru": _RUSSIAN,
    "uk": _UKRAINIAN, "bg": _BULGARIAN, "el": _GREEK, "ar": _ARABIC, "fa": _PERSIAN,
    "he": _HEBREW, "hi": _HINDI, "bn": _BENGALI, "ko": _KOREAN,
}  # fmt: skip
_LIKE = {
    "no": "nb", "nn": "nb", "ca": "es", "gl": "pt", "ms": "id", "be": "ru", "sr": "ru", "mk": "bg",
    "ur": "fa", "mr": "hi", "ne": "hi", "hr": "cs", "sl": "cs", "bs": "cs", "et": "fi", "lb": "de",
    "af": "nl", "is": "da", "lt": "pl", "lv": "pl",
}  # fmt: skip


def habits(lang: str) -> Habits:
    """Return how a language writes.

    Args:
        lang: A code of ISO 639, such as "de".

    Returns:
        Its habits; those of English for a language without its own.
    """
    return _BY_LANGUAGE.get(_LIKE.get(lang, lang), _ENGLISH)
