/*
 * What ransom notes say, in our own expressions, after published collections of notes (ID Ransomware; Lemmou, Lanet,
 * Souidi 2021: "In-Depth Analysis of Ransom Note Files", Computers 10(11):145). They are matched against text in lower
 * case and without accents (plain-text.ts): й is и, ü is u, ё is е. `W` is a word, quantifiers are bounded.
 */

export const PARTS = ['happened', 'remedy', 'money', 'contact', 'threat'] as const;
export type Part = (typeof PARTS)[number];

export type Phrases = Readonly<Record<Part, RegExp>>;

const W = String.raw`[\p{L}\p{N}'-]{1,30},?`;
const B = String.raw`(?<![\p{L}\p{N}])`;

/** `~` is a word with the blank after it; `|` between groups and blanks are as in any expression. */
function phrase(...alternatives: readonly string[]): RegExp {
  const source = alternatives.map((one) => one.replaceAll('~', `(?:${W} )`)).join('|');
  return new RegExp(`${B}(?:${source})`, 'u');
}

/** What needs no language: addresses, programs, currencies, and the English words for them that all use. */
export const ANY_LANGUAGE: Readonly<Record<'money' | 'contact', RegExp>> = {
  money: phrase(
    'bitcoins?',
    'btc',
    'monero',
    'xmr',
    'crypto ?currenc',
    'bc1[ac-hj-np-z02-9]{25,62}',
    String.raw`[$€] ?\d{2,}`,
    String.raw`\d{2,} ?(?:usd|eur|dollars?|euros?)\b`,
  ),
  contact: new RegExp(
    [
      String.raw`[a-z2-7]{16,56}\.onion`,
      String.raw`${B}tor[ -]?browser`,
      String.raw`@(?:protonmail|proton|tutanota|tuta|tutamail|onionmail|cock|mail2tor|airmail|keemail|aol|firemail|msgsafe|thesecure|cyberfear|skiff|dnmx|mailfence|disroot|riseup|yandex|rambler|qq|india|gmx)\.`,
      String.raw`${B}(?:tox|qtox|session|jabber|telegram|wickr|icq)(?: (?:chat|messenger|id|account|us))? ?(?:id)? ?[:=@]`,
      String.raw`${B}(?:your|personal|unique|victim|client|decryption|ihre|votre|su|seu|tuo|ваш) (?:id|key|identifier)(?: (?:is|number))? ?[:=] ?[\p{L}\p{N}-]{4,}`,
    ].join('|'),
    'u',
  ),
};

const en: Phrases = {
  happened: phrase(
    '(?:your|all) ~{0,7}?(?:files?|documents?|data|databases?|servers?|network|backups?|computers?|pc|systems?|infrastructure|company) ~{0,8}?(?:have|has|are|were|was|is) ~{0,3}?(?:encrypted|locked|crypted|stolen|exfiltrated|downloaded|compromised|hacked|penetrated|copied|leaked|backed up)',
    "we(?:'ve| have)? (?:also )?(?:have )?(?:encrypted|locked|crypted|downloaded|stolen|exfiltrated|extracted|copied|hacked|penetrated|breached) ~{0,6}(?:your|all|data|files|documents|gb|tb)",
    'what happened to (?:my|your) (?:files|computer|data|network)',
    'all (?:of )?(?:the )?files on (?:each|every|this|your) ~{1,3}?(?:have|are|were) ~{0,2}(?:encrypted|locked)',
    'your (?:network|company|computer|server|system|pc|files) ~{0,3}(?:has|have|is|are|was|were) ~{0,2}(?:hacked|penetrated|breached|encrypted|locked|infected)',
  ),
  remedy: phrase(
    '(?:to|can|could|way to|how to|possible to|able to|want to|will|must|help you) ~{0,2}(?:decrypt|restore|recover|unlock|get back|return) ~{0,3}(?:your|all|the|my|files|data|them|it|databases?)',
    '(?:decryption|decryptor|decrypt|private|unique|special) (?:key|tool|software|program|utility|service)',
    'decryptor',
    'decryption software',
    'free decryption',
    '(?:decrypt|recover|unlock) ~{0,4}(?:for free|as a (?:proof|guarantee))',
    'negotiat(?:e|ions?)',
  ),
  money: phrase(
    'pay (?:the ransom|us|for|within|in time)',
    '(?:must|have to|need to|should|to|not|refuse to) pay',
    'ransom (?:amount|demand|of|payment)',
    '(?:the|your) (?:price|payment|ransom|amount) ~{0,4}(?:is|will|depends|must|should|for|of)',
    'payment ~{0,3}(?:accepted|in|of|instructions|details)',
    '(?:buy|purchase) ~{0,4}(?:decrypt|key|tool|software)',
  ),
  contact: phrase(
    '(?:contact|write to|write|e-?mail|message|text) (?:us|our|me)(?![\\p{L}])',
    '(?:send|write) (?:us )?(?:an? )?(?:e-?mail|message|letter) (?:to|at|us)',
    'get in touch',
    'contact ~{0,3}(?:via|through|by|at|e-?mail)',
  ),
  threat: phrase(
    "(?:do not|don't|dont|never) (?:try to |attempt to )?(?:rename|modify|delete|move|decrypt|recover|use third|restore|change|turn off|shut ?down|restart|reset|reboot|contact the police|call the police|edit|touch)",
    '(?:will|shall|can|may) be ~{0,3}(?:published|leaked|sold|destroyed|disclosed|posted|lost|deleted|made public)',
    'we (?:will|shall|are going to) ~{0,2}(?:publish|leak|sell|disclose|post|delete|destroy|release)',
    '(?:price|cost|ransom|amount) (?:will|is going to|would) (?:be )?(?:doubled?|increased?|raised?|go up|grow)',
    'lost forever',
    'permanently (?:lost|deleted)',
    'third[- ]party (?:software|tools?|programs?|recovery)',
    '(?:data|leak|news) (?:leak )?(?:site|blog)',
  ),
};

const de: Phrases = {
  happened: phrase(
    '(?:ihre|ihr|deine|dein|eure|alle|samtliche) ~{0,6}?(?:dateien|daten|dokumente|datenbanken|server|systeme|netzwerk|computer|rechner|sicherungen|backups) ~{0,7}?(?:verschlusselt|gesperrt|gestohlen|kopiert|kompromittiert|gehackt|heruntergeladen|entwendet)',
    'wir haben ~{0,8}?(?:verschlusselt|gestohlen|kopiert|heruntergeladen|entwendet|gehackt)',
    'was ist (?:mit )?(?:meinen|ihren|deinen) (?:dateien|daten) (?:passiert|geschehen)',
  ),
  remedy: phrase(
    'entschlussel',
    'wieder ?her(?:zu)?stell',
    'zuruck ?(?:zu)?(?:bekommen|erhalten|holen)',
    'entsperren',
    'privater? schlussel',
    'privaten schlussel',
  ),
  money: phrase('(?:be)?zahlen', '(?:be)?zahlung', 'uberweis', 'losegeld', 'kaufen', 'der preis', 'betrag'),
  contact: phrase(
    'kontaktieren sie uns',
    'kontaktiere uns',
    'kontakt (?:mit uns )?auf',
    'schreiben sie (?:uns|an|eine)',
    'schreib uns',
    '(?:eine )?e-?mail (?:an|mit)',
    'senden sie (?:uns )?~{0,3}(?:e-?mail|nachricht)',
    'melden sie sich',
  ),
  threat: phrase(
    '(?:nicht|keine|niemals|kein) ~{0,5}?(?:um(?:zu)?benennen|(?:zu )?(?:verandern|loschen|bearbeiten|verschieben|entschlusseln)|neu ?(?:zu )?starten|aus(?:zu)?schalten|herunterfahren|(?:die )?polizei)',
    'benennen sie ~{0,5}nicht um',
    'veroffentlich',
    'geleakt',
    'verkauft',
    'unwiderruflich',
    '(?:fur immer|endgultig|dauerhaft) ~{0,2}(?:verloren|geloscht)',
    'preis ~{0,3}(?:verdoppel|erhoh)',
  ),
};

const fr: Phrases = {
  happened: phrase(
    '(?:vos|votre|tous|toutes) ~{0,6}?(?:fichiers|donnees|documents|serveurs?|reseau|systemes?|bases de donnees|ordinateurs?|sauvegardes) ~{0,7}?(?:chiffre|crypte|encrypte|verrouille|vole|compromis|pirate|copie|telecharge)',
    'nous avons ~{0,3}?(?:chiffre|crypte|vole|telecharge|copie|pirate)',
    "qu'est-il arrive a (?:mes|vos) (?:fichiers|donnees)",
  ),
  remedy: phrase(
    'dechiffr',
    'decrypt',
    'recuperer ~{0,3}(?:fichiers|donnees)',
    'restaurer',
    'deverrouiller',
    'cles? (?:privees?|de dechiffrement|unique)',
  ),
  money: phrase('payer', 'paiement', 'payez', 'rancon', 'acheter', 'le prix', 'montant'),
  contact: phrase(
    'contactez',
    'nous contacter',
    'ecrivez',
    'nous ecrire',
    'envoyez(?:-nous)? ~{0,3}(?:e-?mail|mail|courriel|message)',
    'par (?:e-?mail|courriel|mail)',
  ),
  threat: phrase(
    "n(?:e |')~{0,2}?(?:pas )~{0,3}?(?:renomm|modifi|supprim|deplac|eteind|redemarr|essay|tent|dechiffr|police|utilis)",
    "n'essayez pas",
    'ne ~{1,2}pas',
    'seront? ~{0,4}(?:publie|vendu|detruit|divulgue|supprime|perdu|efface)',
    'prix ~{0,3}(?:doubl|augment)',
    'perdu(?:e?s)? (?:pour toujours|a jamais|definitivement)',
    'definitivement',
  ),
};

const es: Phrases = {
  happened: phrase(
    '(?:sus?|tus?|todos|todas) ~{0,6}?(?:archivos|ficheros|datos|documentos|servidor(?:es)?|red|sistemas?|bases de datos|ordenador|copias) ~{0,7}?(?:cifrad|encriptad|bloquead|robad|secuestrad|comprometid|hackead|copiad|descargad)',
    'hemos ~{0,3}?(?:cifrado|encriptado|robado|descargado|copiado|hackeado)',
    'que (?:ha pasado|paso) con (?:mis|sus) (?:archivos|datos)',
  ),
  remedy: phrase(
    'descifr',
    'desencript',
    'recuperar ~{0,3}(?:archivos|ficheros|datos)',
    'restaurar',
    'desbloquear',
    'clave (?:privada|de descifrado|unica)',
  ),
  money: phrase('pagar', 'pague', 'pago', 'rescate', 'comprar', 'el precio', 'importe'),
  contact: phrase(
    'contacte',
    'contactenos',
    'contactar',
    'contacto con nosotros',
    'pongase en contacto',
    'escribanos',
    'escriba',
    'envie(?:nos)? ~{0,3}(?:correo|e-?mail|mensaje)',
  ),
  threat: phrase(
    'no ~{0,3}?(?:intent|renombr|modifi|elimin|cambi|borr|apagu|reinici|mueva|use|utilice|llame|contacte a la policia)',
    'sera[ns]? ~{0,3}?(?:publicad|vendid|eliminad|filtrad|destruid|divulgad|borrad)',
    'precio ~{0,3}(?:duplic|aument|doble)',
    'para siempre',
    'perder[a-z]* ~{0,4}(?:archivos|datos)',
  ),
};

const pt: Phrases = {
  happened: phrase(
    '(?:seus?|suas?|todos|todas) ~{0,6}?(?:arquivos|ficheiros|dados|documentos|servidor(?:es)?|rede|sistemas?|bancos de dados|computador(?:es)?|backups) ~{0,7}?(?:criptografad|encriptad|cifrad|bloquead|roubad|comprometid|hackead|copiad|baixad)',
    '(?:nos )?(?:criptografamos|encriptamos|roubamos|copiamos|baixamos|invadimos) ~{0,4}(?:seus?|suas?|todos|dados|arquivos)',
    'o que aconteceu com (?:meus|seus) (?:arquivos|dados)',
  ),
  remedy: phrase(
    'descriptograf',
    'desencript',
    'decifr',
    'descodific',
    'recuperar ~{0,3}(?:arquivos|ficheiros|dados)',
    'restaurar',
    'desbloquear',
    'chave (?:privada|de descriptografia|unica)',
  ),
  money: phrase('pagar', 'pague', 'pagamento', 'resgate', 'comprar', 'o preco', 'valor'),
  contact: phrase(
    'entre em contato',
    'entrar em contato',
    'entre em contacto',
    'contate',
    'contacte',
    'escreva',
    'envie(?:-nos)? ~{0,3}(?:e-?mail|mensagem)',
    'fale conosco',
  ),
  threat: phrase(
    'nao ~{0,3}?(?:tente|renomeie|modifique|altere|exclua|apague|desligue|reinicie|mova|use|utilize|contate a policia)',
    'sera[o]? ~{0,3}?(?:publicad|vendid|excluid|vazad|divulgad|destruid|apagad)',
    'preco ~{0,3}(?:dobr|aument|duplic)',
    'para sempre',
    'perder[a-z]* ~{0,4}(?:arquivos|dados)',
  ),
};

const it: Phrases = {
  happened: phrase(
    '(?:tuoi|vostri|suoi|vostra|tua|tutti) ~{0,6}?(?:file|dati|documenti|server|rete|sistemi|database|computer|backup) ~{0,7}?(?:crittografat|cifrat|criptat|bloccat|rubat|compromess|violat|copiat|scaricat)',
    'abbiamo ~{0,3}?(?:crittografato|cifrato|criptato|rubato|scaricato|copiato|violato)',
    "cos[ae']+ (?:e )?successo ai (?:miei|tuoi|vostri) (?:file|dati)",
  ),
  remedy: phrase(
    'decifr',
    'decript',
    'decritt',
    'recuperare ~{0,3}(?:file|dati)',
    'ripristin',
    'sbloccare',
    'chiave (?:privata|di decrittazione|di decifratura|unica)',
  ),
  money: phrase(
    'pagare',
    'pagamento',
    'pagate',
    'riscatto',
    'acquistare',
    'comprare',
    'il prezzo',
    'importo',
  ),
  contact: phrase(
    'contattaci',
    'contattateci',
    'contattarci',
    'contatta',
    'scrivici',
    'scriveteci',
    'scrivete',
    'scrivi a',
    'invia(?:ci|te)? ~{0,3}(?:e-?mail|messaggio)',
  ),
  threat: phrase(
    'non ~{0,3}?(?:rinomin|modific|cancell|elimin|tent|prova|spegn|riavvi|spost|usa|contattare la polizia)',
    'saranno ~{0,3}?(?:pubblicat|vendut|eliminat|divulgat|distrutt|cancellat|pers)',
    'prezzo ~{0,3}(?:raddoppi|aument)',
    'per sempre',
  ),
};

const ru: Phrases = {
  happened: phrase(
    '(?:ваши|ваша|ваш|вашеи|все|всех) ~{0,6}?(?:фаилы|данные|документы|базы|серверы?|сеть|сети|компьютеры?|система|информация|бэкапы) ~{0,7}?(?:зашифрован|заблокирован|украден|похищен|скопирован|взломан|скачан)',
    'мы ~{0,3}?(?:зашифровали|украли|похитили|скачали|скопировали|взломали)',
    'что случилось с (?:моими|вашими) фаилами',
  ),
  remedy: phrase(
    'расшифров',
    'дешифр',
    'восстанов',
    'разблокиров',
    '(?:приватн|секретн|закрыт)[а-я]{1,4} ключ',
    'ключ ~{0,2}(?:дешифр|расшифр)',
  ),
  money: phrase('оплат', 'заплат', 'выкуп', 'перевест', 'биткоин', 'купить', 'стоимость', 'цена'),
  contact: phrase(
    'свяжитесь',
    'связаться с нами',
    'напишите',
    'пишите',
    'отправьте ~{0,3}(?:письмо|сообщение)',
    'почт[ауе]',
    'электронн[а-я]{1,4} почт',
  ),
  threat: phrase(
    'не ~{0,3}?(?:пытаитесь|переименов|изменяите|удаляите|выключаите|перезагружаите|перемещаите|используите|обращаитесь)',
    'буд[а-я]{1,3} ~{0,3}?(?:опубликован|продан|удален|уничтожен|слит|потерян|утерян)',
    'цена ~{0,3}(?:удвоится|увеличится|вырастет)',
    'навсегда',
    'безвозвратно',
  ),
};

/** Chinese has no blanks between words: `.` is any character of the same line. */
const zh: Phrases = {
  happened:
    /[你您]们?的?(?:所有|全部|重要|公司)?.{0,12}(?:文件|数据|资料|服务器|数据库|档案|檔案|資料|數據|伺服器|数据库|資料庫).{0,14}(?:被|已).{0,5}(?:加密|锁定|鎖定|窃取|竊取|盗取|盜取|下载|下載)|我们.{0,6}(?:加密|窃取|下载)了|我們.{0,6}(?:加密|竊取|下載)了/u,
  remedy: /解密|(?:恢复|恢復|还原|還原).{0,6}(?:文件|数据|资料|檔案|資料|數據)|密钥|金鑰|密鑰|解锁|解鎖/u,
  money: /比特币|比特幣|支付|付款|赎金|贖金|门罗币|門羅幣|购买|購買|价格|價格/u,
  contact: /联系|聯繫|聯絡|联络|(?:发送|發送).{0,6}(?:邮件|郵件|电邮|電郵)|邮箱|郵箱|电子邮件|電子郵件/u,
  threat:
    /(?:不要|请勿|請勿|切勿|勿).{0,8}(?:重命名|改名|修改|删除|刪除|关机|關機|重启|重啟|移动|移動|报警|報警|解密|第三方)|将.{0,6}(?:公开|公布|出售|删除|销毁|泄露|发布|永久)|將.{0,6}(?:公開|公布|出售|刪除|銷毀|洩露|發布|永久)|(?:价格|價格).{0,5}(?:翻倍|上涨|上漲|加倍)|永久丢失|永久遺失/u,
};

export const LANGUAGES: Readonly<Record<string, Phrases>> = {
  English: en,
  German: de,
  French: fr,
  Spanish: es,
  Portuguese: pt,
  Italian: it,
  Russian: ru,
  Chinese: zh,
};

/**
 * Words of those who write about notes, in the languages above, and of programs and rules that hold such wording; each
 * row counts once. Words that notes use themselves (ransomware, victim, police, attack) are none of them.
 */
export const ABOUT: readonly RegExp[] = [
  /\bransom ?notes?\b|losegeldforderung|note de rancon|nota de rescate|nota de resgate|nota di riscatto|записк|勒索信/,
  /\bresearchers?\b|forscher|chercheurs|investigadores|pesquisadores|ricercatori|исследовател|研究人员/,
  /threat actors?|attackers?\b|angreifer|attaquants?|atacantes?|attaccanti|aggressor|злоумышленник|攻击者/,
  /indicators? of compromise|\biocs?\b|sha-?256|md5/,
  /\byara\b|\bsigma rule|\bsnort\b|signatures?\b/,
  /\bmitre\b|att&ck|\bt1486\b|\bcve-\d{4}/,
  /malware analys|reverse engineer|campaigns?\b|schadprogramm|logiciel malveillant|вредонос|恶意软件/,
  /\bfor example\b|\be\.g\.|zum beispiel|par exemple|por ejemplo|por exemplo|ad esempio|например|例如/,
  /\bdetect(?:ion|s|ed|or)?\b|erkennung|detecci|deteccao|rilevament|обнаруж|检测/,
  /\bmitigat|best practices?|how to (?:protect|prevent)|advisory|\bdefenders?\b/,
  /\b(?:const|function|import|return|def|class|elif|endif|printf?|assert|expect|public|static|void)\b ?[\w"'`({]/,
  /\bstrings: ?\$|\bcondition:|=>|\$\w+ ?=|#include|\bself\.|\{\{|\]\]/,
  /\b(?:permission is hereby|licensed under|copyright|redistribut)/,
  /\b(?:rfc ?\d{3,4}|api|algorithm|parameter|arguments?|options?|commands?|documentation|see also|synopsis)\b/,
  /\b(?:reads|quoted|claimed|according to|reported(?:ly)?|the company said|told|announced)\b/,
];
