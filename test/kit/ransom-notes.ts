/**
 * Texts in the manner of ransom notes, and texts that only talk about such notes. All of it is our own wording,
 * harmless, and leads nowhere: addresses and keys do not exist. `·` stands for a space, so that this file is not found
 * itself.
 */

const ONION = `${'abcdefgh234567ij'.repeat(3)}abcdefgh.onion`;

const spaced = (text: string): string => text.replaceAll('·', ' ');

export interface NoteSample {
  readonly language: string;
  readonly text: string;
}

export const NOTES: readonly NoteSample[] = [
  {
    language: 'English',
    text: `!!!·ATTENTION·!!!

All·your·important·files·have·been·encrypted!
There·is·only·one·way·to·decrypt·your·files:·to·buy·our·decryption·tool.·The·price·depends·on·how·fast·you·write.
Payment·is·accepted·in·Bitcoin.·You·can·decrypt·1·file·for·free·as·a·proof.

1.·Download·Tor·Browser
2.·Open·http://${ONION}/
Your·personal·ID:·7G2K-000
Do·not·rename·encrypted·files,·or·they·will·be·lost·forever.
`,
  },
  {
    language: 'English',
    text: `What·happened·to·my·files?
We·have·encrypted·all·of·your·databases·and·backups.·To·recover·your·data·you·need·our·private·key.
Write·to·us:·helper@protonmail.example·and·send·2·small·files,·free·decryption·as·guarantee.
If·you·do·not·pay·in·time,·the·price·will·be·doubled.·Don't·try·to·decrypt·it·yourself.
`,
  },
  {
    language: 'English',
    text: `Your·network·has·been·penetrated.
All·files·on·each·host·have·been·locked·with·a·strong·algorithm.·Backups·were·either·encrypted·or·deleted.
We·exclusively·have·decryption·software·for·your·situation.
DO·NOT·RENAME·OR·MOVE·the·encrypted·and·readme·files.
To·get·info,·contact·us·at:·someone@tutanota.example
BTC·wallet:·on·request
`,
  },
  {
    language: 'English',
    text: `Dear·management,
we·have·downloaded·400·GB·of·your·data:·contracts,·personnel·files,·customers.
If·you·do·not·contact·us·within·three·days,·we·will·publish·it·on·our·leak·site.
Let·us·negotiate.·Use·Tor·Browser:·http://${ONION}/chat
`,
  },
  {
    language: 'English',
    text: `Your·confidential·data·was·exfiltrated.·We·offer·negotiations.
In·case·you·refuse,·it·will·be·sold,·and·shall·be·posted·on·our·blog.·We·will·disclose·everything.
Tox·ID:·0000000000000000
`,
  },
  {
    language: 'English',
    text: `All·your·data·is·backed·up·by·us.·You·must·pay·0.05·BTC·to·1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2·to·recover·your·lost·databases.
Contact·us·at·nobody@onionmail.example·with·your·server·address.·In·48·hours·your·data·will·be·published·and·deleted.
`,
  },
  {
    language: 'German',
    text: `ACHTUNG!
Alle·Ihre·Dateien·und·Datenbanken·wurden·verschlüsselt.·Eine·Entschlüsselung·ist·nur·mit·unserem·Schlüssel·möglich.
Um·Ihre·Daten·wiederherzustellen,·müssen·Sie·den·Betrag·in·Bitcoin·bezahlen.
Kontaktieren·Sie·uns:·niemand@tutanota.example
Versuchen·Sie·nicht,·die·Dateien·umzubenennen,·sonst·sind·sie·für·immer·verloren.
`,
  },
  {
    language: 'French',
    text: `ATTENTION
Tous·vos·fichiers·et·vos·bases·de·données·ont·été·chiffrés.·Pour·les·déchiffrer,·vous·avez·besoin·de·notre·clé·privée.
Vous·devez·payer·en·bitcoins.·Contactez-nous·:·personne@protonmail.example
N'essayez·pas·de·renommer·les·fichiers.·Vos·données·seront·publiées·sur·notre·site.
`,
  },
  {
    language: 'Spanish',
    text: `¡ATENCIÓN!
Todos·sus·archivos·han·sido·cifrados.·Para·recuperar·los·datos·necesita·nuestra·clave·privada.
Debe·pagar·el·rescate·en·bitcoin.·Escríbanos·a·nadie@tutanota.example
No·intente·descifrar·los·archivos·por·su·cuenta:·serán·eliminados·para·siempre.
`,
  },
  {
    language: 'Portuguese',
    text: `ATENÇÃO!
Todos·os·seus·arquivos·foram·criptografados.·Para·descriptografar·os·dados·você·precisa·da·nossa·chave·privada.
O·pagamento·é·em·bitcoin.·Entre·em·contato:·ninguem@onionmail.example
Não·renomeie·nem·modifique·os·arquivos.·Os·dados·serão·publicados.
`,
  },
  {
    language: 'Italian',
    text: `ATTENZIONE!
Tutti·i·tuoi·file·sono·stati·crittografati.·Per·decifrare·i·dati·serve·la·nostra·chiave·privata.
Devi·pagare·il·riscatto·in·bitcoin.·Contattaci:·nessuno@protonmail.example
Non·rinominare·i·file.·I·dati·saranno·pubblicati·e·persi·per·sempre.
`,
  },
  {
    language: 'Russian',
    text: `ВНИМАНИЕ!
Все·ваши·файлы·и·базы·данных·были·зашифрованы.·Для·расшифровки·нужен·наш·ключ.
Вам·нужно·оплатить·выкуп·в·биткоинах.·Напишите·нам·на·почту:·nobody@onionmail.example
Не·пытайтесь·переименовать·файлы:·они·будут·потеряны·навсегда.
`,
  },
  {
    language: 'Chinese',
    text: `注意！
您的所有文件和数据库已经被加密。只有我们的密钥才能解密您的文件。
请支付比特币赎金。请发送邮件联系我们：nobody@tutanota.example
不要重命名或修改文件，否则将永久丢失。
`,
  },
].map(({ language, text }) => ({ language, text: spaced(text) }));

/** They talk about notes, about encryption, about paying: none of them is a note. */
export const NO_NOTES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    'an article': `Researchers·found·a·new·family.·The·ransom·note·reads:·"All·your·files·have·been·encrypted.·To·decrypt·your·files·you
have·to·pay·in·Bitcoin.·Contact·us·with·Tor·Browser.·Do·not·rename·files."·The·threat·actors·then·publish·the·data.
Indicators·of·compromise·(SHA-256)·and·a·YARA·rule·follow.·MITRE·ATT&CK:·T1486.
`,
    'an article in German': `Forscher·beschreiben·eine·neue·Losegeldforderung:·"Alle·Ihre·Dateien·wurden·verschlüsselt.·Zahlen·Sie·in·Bitcoin,
kontaktieren·Sie·uns·im·Tor·Browser,·die·Daten·werden·sonst·veröffentlicht."·Die·Angreifer·nutzen·Schadprogramme,
zum·Beispiel·solche,·deren·Erkennung·schwer·ist.
`,
    'an article in Chinese': `研究人员发现了新的勒索信："您的所有文件已被加密。请支付比特币，联系我们，不要重命名文件，解密需要密钥。"
攻击者使用恶意软件，例如通过邮件传播。检测方法如下。
`,
    'advice for victims': `If·your·files·have·been·encrypted·by·ransomware:·do·not·pay·the·ransom.·Contact·the·police·and·your·insurer.
Best·practices·to·mitigate·such·an·attack:·keep·backups·offline.·Attackers·sell·data·anyway;·a·decryption·tool·may·exist.
How·to·protect·yourself:·test·whether·you·can·restore·your·data.·For·example,·once·a·month.
`,
    'a manual of an encryption tool': `gpg·--decrypt·file·decrypts·your·file·with·your·private·key.·Your·files·are·encrypted·with·the·recipient's·key.
If·you·lose·the·key,·your·data·is·lost·forever.·Contact·us·on·the·mailing·list·for·commands·and·options.
`,
    'a manual of a backup tool': `Your·backups·are·encrypted.·To·restore·your·data·you·need·the·repository·password.·Do·not·delete·the·key·file.
Without·it·your·data·will·be·lost.·Write·to·us·if·the·documentation·is·not·clear.·See·also:·options·of·restore.
`,
    'a bill': `Dear·customer,·your·invoice·of·129·USD·is·due.·Payment·is·accepted·by·card.·Contact·us·by·e-mail.
Your·account·will·be·deleted·if·you·do·not·pay·in·time.·Your·customer·ID:·12345.
`,
    'a notice of a breach': `We·are·writing·to·tell·you·that·your·data·was·stolen·in·an·attack·on·our·supplier.·You·do·not·have·to·do·anything.
Contact·us·by·e-mail·if·you·have·questions.
`,
    'a README about Bitcoin': `This·wallet·stores·Bitcoin·and·Monero.·Your·keys·are·encrypted·on·your·computer.·Contact·us·on·Telegram:·@example.
To·recover·your·wallet·you·need·the·seed.·Never·send·it·to·anybody.
`,
  }).map(([name, text]) => [name, spaced(text)]),
);
